package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/tocsin-sec/tocsin/config"
)

// OpsgenieConfig is a way to Opsgenie.
type OpsgenieConfig struct {
	Key   string   `yaml:"key" secret:"true" doc:"The key of an API integration." example:"file:/etc/tocsin/opsgenie.key"`
	URL   string   `yaml:"url" doc:"The address of the API." default:"https://api.opsgenie.com" example:"https://api.eu.opsgenie.com"`
	Teams []string `yaml:"teams" doc:"Teams that are told; without any, as the integration says."`
	Tags  []string `yaml:"tags" doc:"Tags of the alerts."`
	CA    string   `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// OpsgenieKind documents Opsgenie.
var OpsgenieKind = Kind{
	Name: "opsgenie",
	Doc: "Alerts in Opsgenie, or in Jira Service Management by its address of the same API. An incident here is one alert there " +
		"(alias), however often it is told; taking it acknowledges it there, closing it closes it.",
	Example: "key: file:/etc/tocsin/opsgenie.key\nurl: https://api.eu.opsgenie.com\nteams: [security]\n",
	Config:  &OpsgenieConfig{},
	States:  true,
}

type opsgenie struct {
	web    *web
	url    string
	header map[string]string
	config *OpsgenieConfig
}

func (c *OpsgenieConfig) open(env Env) (Sender, error) {
	key, err := config.Secret(c.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if key == "" {
		return nil, errors.New("key: it is missing")
	}
	s := &opsgenie{config: c, header: map[string]string{"Authorization": "GenieKey " + key}}
	if s.url, err = address(cmp.Or(c.URL, "https://api.opsgenie.com")); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	s.url = strings.TrimRight(s.url, "/") + "/v2/alerts"
	if len(c.Tags) > 10 || len(c.Teams) > 50 {
		return nil, errors.New("tags: 10 at most, and 50 teams")
	}
	s.web, err = newWeb(env, c.CA)
	return s, err
}

// Bounds of Opsgenie, in characters (https://docs.opsgenie.com/docs/alert-api#create-alert).
const (
	genieMessage     = 130
	genieDescription = 15000
	genieAlias       = 512
	genieEntity      = 512
	genieSource      = 100
	genieTag         = 50
	genieTags        = 20
	genieNote        = 25000
	genieDetails     = 8000
)

// geniePriorities are from P1 to P5.
var geniePriorities = map[string]string{"critical": "P1", "high": "P2", "medium": "P3", "low": "P4", "informational": "P5"}

// Send implements Sender. An alert that is told again only counts up there, so what is new of it goes as a note.
func (s *opsgenie) Send(ctx context.Context, m *Message) (string, error) {
	alias := cut(dedupKey(m), genieAlias)
	source := cut(cmp.Or(s.web.env.Host, "tocsin"), genieSource)
	at := s.url + "/" + url.PathEscape(alias)
	note := map[string]any{"user": "tocsin", "source": source, "note": shorten(m.head()+"\n"+m.text(), genieNote)}
	send := func(url string, body any) error {
		_, _, err := s.web.do(ctx, post{url: url, header: s.header, body: jsonOf(body), name: "Opsgenie"})
		return err
	}
	switch m.Kind {
	case Resolved:
		return "", send(at+"/close?identifierType=alias", note)
	case Taken:
		return "", send(at+"/acknowledge?identifierType=alias", note)
	}
	if err := send(s.url, s.alert(m, alias, source)); err != nil {
		return "", err
	}
	if !m.First && m.Thread != "" {
		return "", send(at+"/notes?identifierType=alias", note)
	}
	return "", nil
}

func (s *opsgenie) alert(m *Message, alias, source string) map[string]any {
	tags := append([]string{"tocsin", m.Severity}, s.config.Tags...)
	tags = append(tags, m.Tactics...)
	for i := range tags {
		tags[i] = cut(tags[i], genieTag)
	}
	details := map[string]string{"tenant": m.Tenant, "status": m.Status, "score": fmt.Sprint(m.Score), "events": fmt.Sprint(m.Count), "show": m.Command, "link": m.Link}
	room := genieDetails
	for k, v := range details {
		if room -= len(k) + len(v); v == "" || room < 0 {
			delete(details, k)
		}
	}
	text := m.text()
	if where := m.where(); where != "" {
		text += "\n" + where
	}
	body := map[string]any{
		"message": shorten(opsgenieText(m.head()), genieMessage), "alias": alias, "description": shorten(opsgenieText(text), genieDescription), "source": source,
		"entity": cut(sourceOf(m, s.web.env.Host), genieEntity), "priority": geniePriorities[m.Severity], "tags": tags[:min(len(tags), genieTags)],
		"details": details, "user": "tocsin",
	}
	if len(s.config.Teams) > 0 {
		var list []any
		for _, t := range s.config.Teams {
			list = append(list, map[string]any{"type": "team", "name": t})
		}
		body["responders"] = list
	}
	return body
}

// opsgenieText keeps a text from being read as HTML, which Opsgenie shows: what would be a tag gets a blank.
func opsgenieText(s string) string { return strings.ReplaceAll(s, "<", "‹") }
