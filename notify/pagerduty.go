package notify

import (
	"cmp"
	"context"
	"fmt"

	"github.com/tocsin-sec/tocsin/config"
)

// PagerDutyConfig is a way to a service of PagerDuty.
type PagerDutyConfig struct {
	Key string `yaml:"key" secret:"true" doc:"The integration key (routing key) of the service." example:"file:/etc/tocsin/pagerduty.key"`
	URL string `yaml:"url" doc:"The address of the Events API." default:"https://events.pagerduty.com/v2/enqueue" example:"https://events.eu.pagerduty.com/v2/enqueue"`
	CA  string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// PagerDutyKind documents PagerDuty.
var PagerDutyKind = Kind{
	Name: "pagerduty",
	Doc: "Incidents in PagerDuty, by the Events API v2. An incident here is one there (dedup_key), however often it is told; taking it " +
		"acknowledges it there, closing it resolves it.",
	Example: "key: file:/etc/tocsin/pagerduty.key\n",
	Config:  &PagerDutyConfig{},
	States:  true,
}

type pagerDuty struct {
	web      *web
	url, key string
}

func (c *PagerDutyConfig) open(env Env) (Sender, error) {
	s := &pagerDuty{}
	var err error
	if s.key, err = config.Secret(c.Key); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if len(s.key) != 32 {
		return nil, fmt.Errorf("key: it has %d characters; an integration key of the Events API v2 has 32", len(s.key))
	}
	if s.url, err = address(cmp.Or(c.URL, "https://events.pagerduty.com/v2/enqueue")); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	s.web, err = newWeb(env, c.CA)
	return s, err
}

// Bounds of PagerDuty (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/).
const (
	pagerSummary = 1024 // characters
	pagerKey     = 255
)

// pagerSeverities are the four that PagerDuty knows.
var pagerSeverities = map[string]string{"critical": "critical", "high": "error", "medium": "warning", "low": "info", "informational": "info"}

// Send implements Sender.
func (s *pagerDuty) Send(ctx context.Context, m *Message) (string, error) {
	body := map[string]any{"routing_key": s.key, "event_action": "trigger", "dedup_key": cut(dedupKey(m), pagerKey)}
	switch m.Kind {
	case Resolved:
		body["event_action"] = "resolve"
	case Taken:
		body["event_action"] = "acknowledge"
	default:
		body["payload"] = s.payload(m)
		body["client"] = "tocsin"
		if m.Link != "" {
			body["client_url"] = m.Link
			body["links"] = []any{map[string]any{"href": m.Link, "text": "See it"}}
		}
	}
	_, _, err := s.web.do(ctx, post{url: s.url, body: jsonOf(body), name: "PagerDuty"})
	return "", err
}

func (s *pagerDuty) payload(m *Message) map[string]any {
	details := map[string]any{"what": m.What, "who": m.Who, "status": m.Status, "score": m.Score, "events": m.Count}
	for k, v := range map[string]string{"why now": m.Why, "show": m.Command} {
		if v != "" {
			details[k] = v
		}
	}
	if len(m.Next) > 0 {
		details["next"] = m.Next
	}
	if len(m.Items) > 0 {
		details["incidents"] = m.Items
	}
	if len(m.Tactics) > 0 {
		details["stages"] = m.Tactics
	}
	return map[string]any{
		"summary": shorten(m.head()+" – "+m.What, pagerSummary), "source": sourceOf(m, s.web.env.Host), "severity": pagerSeverities[m.Severity],
		"timestamp": stamp(m.stampOf()), "component": "tocsin", "group": m.Tenant, "class": m.Kind, "custom_details": details,
	}
}

// sourceOf is the machine that a message is about, or else this one.
func sourceOf(m *Message, host string) string {
	for _, kind := range []string{"host", "address", "user"} {
		for _, e := range m.Entities {
			if e.Kind == kind && e.Name != "" {
				return e.Name
			}
		}
	}
	return cmp.Or(host, "tocsin")
}

// dedupKey is by what a service knows that messages are about one incident.
func dedupKey(m *Message) string {
	if m.Thread == "" {
		return "tocsin-" + m.ID
	}
	return "tocsin-" + hash(m.Tenant, m.Thread)
}
