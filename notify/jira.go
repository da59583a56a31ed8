package notify

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/tocsin-sec/tocsin/config"
)

// JiraConfig is a way to issues in Jira.
type JiraConfig struct {
	URL      string            `yaml:"url" doc:"The address of Jira." example:"https://example.atlassian.net"`
	User     string            `yaml:"user" doc:"The name to log in with, in Jira Cloud an e-mail address; without it, token is a personal access token."`
	Token    string            `yaml:"token" secret:"true" doc:"The token." example:"file:/etc/tocsin/jira.token"`
	Project  string            `yaml:"project" doc:"The key of the project." example:"SEC"`
	Type     string            `yaml:"type" doc:"The type of the issues." default:"Task"`
	Labels   []string          `yaml:"labels" doc:"Labels of the issues, beside tocsin and that of the incident."`
	Priority map[string]string `yaml:"priority" doc:"The names of priorities by level; without it, the project's own." example:"{critical: Highest, high: High}"`
	Done     string            `yaml:"done" doc:"The transition that closes an issue when the incident is closed; without it there is a comment only." example:"Done"`
	CA       string            `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// JiraKind documents Jira.
var JiraKind = Kind{
	Name: "jira",
	Doc: "Issues in Jira, Cloud or Data Center. An incident here is one issue there, found by its label, so that it is never made twice; " +
		"what is told later becomes a comment.",
	Example: "url: https://example.atlassian.net\nuser: tocsin@example.com\ntoken: file:/etc/tocsin/jira.token\nproject: SEC\n" +
		"priority: {critical: Highest, high: High}\ndone: Done\n",
	Config: &JiraConfig{},
	States: true,
}

type jira struct {
	web    *web
	url    string
	search string
	header map[string]string
	config *JiraConfig
}

var (
	jiraProject = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,254}$`)
	jiraIssue   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*-[0-9]{1,18}$`)
)

func (c *JiraConfig) open(env Env) (Sender, error) {
	token, err := config.Secret(c.Token)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if token == "" {
		return nil, errors.New("token: it is missing")
	}
	s := &jira{config: c, header: map[string]string{"Authorization": "Bearer " + token, "Accept": "application/json"}}
	if c.User != "" {
		s.header["Authorization"] = basic(c.User, token)
	}
	base, err := address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	s.url = strings.TrimRight(base, "/") + "/rest/api/2"
	s.search = s.url + "/search"
	if u, err := url.Parse(base); err == nil && strings.HasSuffix(u.Hostname(), ".atlassian.net") {
		s.search += "/jql" // Cloud has taken the older one away
	}
	if !jiraProject.MatchString(c.Project) {
		return nil, fmt.Errorf("project: %q is no key of a project", c.Project)
	}
	for _, l := range c.Labels {
		if l == "" || strings.ContainsAny(l, " \t\n") || len(l) > 255 {
			return nil, fmt.Errorf("labels: %q: a label has no blanks", l)
		}
	}
	for level := range c.Priority {
		if _, err := parseLevel(level); err != nil {
			return nil, fmt.Errorf("priority: %w", err)
		}
	}
	s.web, err = newWeb(env, c.CA)
	return s, err
}

// basic is the header of RFC 7617.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

const jiraSummary = 255 // characters

// Send implements Sender. The receipt is the issue's key.
func (s *jira) Send(ctx context.Context, m *Message) (string, error) {
	key := m.Receipt
	if !jiraIssue.MatchString(key) {
		var err error
		if key, err = s.find(ctx, dedupKey(m)); err != nil {
			return "", err
		}
	}
	switch {
	case key == "" && (m.Kind == Resolved || m.Kind == Taken):
		return "", nil // there is nothing to close
	case key == "":
		return s.create(ctx, m)
	case m.First && m.Kind == Firing:
		return key, nil // it was made by an attempt whose end we did not see
	}
	err := s.call(ctx, http.MethodPost, s.url+"/issue/"+key+"/comment", map[string]any{"body": jiraText(m)}, nil)
	if err == nil && m.Kind == Resolved && s.config.Done != "" {
		err = s.close(ctx, key)
	}
	return key, err
}

func (s *jira) call(ctx context.Context, method, url string, body, answer any) error {
	p := post{method: method, url: url, header: s.header, name: "Jira"}
	if body != nil {
		p.body = jsonOf(body)
	}
	_, text, err := s.web.do(ctx, p)
	if err == nil && answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			return &Refusal{Class: Later, Err: fmt.Errorf("the answer of Jira is not what its API promises: %w", err)}
		}
	}
	return err
}

// find returns the key of the issue that has a label; "" where there is none.
func (s *jira) find(ctx context.Context, label string) (string, error) {
	q := url.Values{
		"jql":    {fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created ASC`, s.config.Project, label)},
		"fields": {"status"}, "maxResults": {"1"},
	}
	var found struct {
		Issues []struct {
			Key string `json:"key"`
		} `json:"issues"`
	}
	if err := s.call(ctx, http.MethodGet, s.search+"?"+q.Encode(), nil, &found); err != nil || len(found.Issues) == 0 {
		return "", err
	}
	if key := found.Issues[0].Key; jiraIssue.MatchString(key) {
		return key, nil
	}
	return "", &Refusal{Class: Later, Err: errors.New("the issue that Jira has found has no key")}
}

func (s *jira) create(ctx context.Context, m *Message) (string, error) {
	fields := map[string]any{
		"project": map[string]any{"key": s.config.Project}, "issuetype": map[string]any{"name": cmp.Or(s.config.Type, "Task")},
		"summary": shorten(m.head(), jiraSummary), "description": jiraText(m), "labels": append([]string{"tocsin", dedupKey(m)}, s.config.Labels...),
	}
	if p := s.config.Priority[m.Severity]; p != "" {
		fields["priority"] = map[string]any{"name": p}
	}
	var made struct {
		Key string `json:"key"`
	}
	err := s.call(ctx, http.MethodPost, s.url+"/issue", map[string]any{"fields": fields}, &made)
	return made.Key, err
}

// close takes the transition that the configuration names, where the issue offers it: it may be closed already.
func (s *jira) close(ctx context.Context, key string) error {
	var offered struct {
		Transitions []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"transitions"`
	}
	at := s.url + "/issue/" + key + "/transitions"
	if err := s.call(ctx, http.MethodGet, at, nil, &offered); err != nil {
		return err
	}
	for _, t := range offered.Transitions {
		if strings.EqualFold(t.Name, s.config.Done) {
			return s.call(ctx, http.MethodPost, at, map[string]any{"transition": map[string]any{"id": t.ID}}, nil)
		}
	}
	return nil
}

// jiraText is a message in Jira's wiki markup, within noformat, where nothing has a meaning but its end.
func jiraText(m *Message) string {
	text := m.text()
	if m.Command != "" {
		text += "\n" + m.Command
	}
	text = "{noformat}\n" + strings.ReplaceAll(text, "{noformat", "{ noformat") + "\n{noformat}"
	if m.Link != "" {
		text += "\n" + strings.NewReplacer("[", "%5B", "]", "%5D", "|", "%7C").Replace(m.Link)
	}
	return shorten(text, 30_000)
}
