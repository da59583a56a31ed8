package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tocsin-sec/tocsin/config"
)

// NtfyConfig is a way to a topic of ntfy.
type NtfyConfig struct {
	Server   string `yaml:"server" doc:"The server." default:"https://ntfy.sh"`
	Topic    string `yaml:"topic" doc:"The topic. On a server that everybody may read it is a secret: then write env:NAME or file:/path."`
	Token    string `yaml:"token" secret:"true" doc:"An access token." example:"file:/etc/tocsin/ntfy.token"`
	User     string `yaml:"user" doc:"In place of a token, the name to log in with."`
	Password string `yaml:"password" secret:"true" doc:"And the password."`
	CA       string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// NtfyKind documents ntfy.
var NtfyKind = Kind{
	Name:    "ntfy",
	Doc:     "A topic of ntfy, for phones and desktops. The critical come with the highest priority, the high with the next.",
	Example: "server: https://ntfy.example.com\ntopic: security\ntoken: file:/etc/tocsin/ntfy.token\n",
	Config:  &NtfyConfig{},
}

type ntfy struct {
	web        *web
	url, topic string
	header     map[string]string
}

var ntfyTopic = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

func (c *NtfyConfig) open(env Env) (Sender, error) {
	url, err := address(cmp.Or(c.Server, "https://ntfy.sh"))
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	topic := c.Topic
	if strings.HasPrefix(topic, "env:") || strings.HasPrefix(topic, "file:") {
		if topic, err = config.Secret(topic); err != nil {
			return nil, fmt.Errorf("topic: %w", err)
		}
	}
	if !ntfyTopic.MatchString(topic) {
		return nil, errors.New("topic: letters, digits, - and _, 64 at most")
	}
	s := &ntfy{url: strings.TrimRight(url, "/"), topic: topic, header: make(map[string]string)}
	token, err := config.Secret(c.Token)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	password, err := config.Secret(c.Password)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	switch {
	case token != "":
		s.header["Authorization"] = "Bearer " + token
	case c.User != "":
		s.header["Authorization"] = basic(c.User, password)
	}
	s.web, err = newWeb(env, c.CA)
	return s, err
}

// Bounds of ntfy, in bytes (https://docs.ntfy.sh/publish/#limitations): what is longer becomes a file.
const (
	ntfyMessage = 4000
	ntfyTitle   = 250
)

// ntfyPriorities are from 1 to 5.
var ntfyPriorities = map[string]int{"critical": 5, "high": 4, "medium": 3, "low": 2, "informational": 2}

// Send implements Sender.
func (s *ntfy) Send(ctx context.Context, m *Message) (string, error) {
	text := m.text()
	if m.Link == "" && m.Command != "" {
		text += "\n" + m.Command
	}
	body := map[string]any{
		"topic": s.topic, "title": cutBytes(m.head(), ntfyTitle), "message": cutBytes(text, ntfyMessage),
		"priority": ntfyPriorities[m.Severity], "tags": []string{"tocsin", m.Severity},
	}
	if m.Kind == Resolved || m.Kind == Digest || m.Kind == Test {
		body["priority"] = 3
	}
	if m.Link != "" {
		body["click"] = m.Link
	}
	_, _, err := s.web.do(ctx, post{url: s.url, header: s.header, body: jsonOf(body), name: "ntfy"})
	return "", err
}
