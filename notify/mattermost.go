package notify

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// MattermostConfig is a way to a channel of Mattermost.
type MattermostConfig struct {
	URL     string `yaml:"url" secret:"true" doc:"The address of the incoming webhook." example:"file:/etc/tocsin/mattermost.url"`
	Channel string `yaml:"channel" doc:"Another channel than the webhook's, where it lets one choose."`
	Name    string `yaml:"name" doc:"The name that messages come from, where the server lets one choose." default:"tocsin"`
	CA      string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// MattermostKind documents Mattermost.
var MattermostKind = Kind{
	Name:    "mattermost",
	Doc:     "A channel of Mattermost, by an incoming webhook. Whatever a log holds, nobody is mentioned by it.",
	Example: "url: file:/etc/tocsin/mattermost.url\nchannel: security\n",
	Config:  &MattermostConfig{},
}

type mattermost struct {
	web    *web
	config *MattermostConfig
	url    string
}

func (c *MattermostConfig) open(env Env) (Sender, error) {
	url, err := address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	w, err := newWeb(env, c.CA)
	return &mattermost{w, c, url}, err
}

// mattermostText bounds a post, in characters (https://developers.mattermost.com/integrate/webhooks/incoming/).
const mattermostText = 16383

// Send implements Sender.
func (s *mattermost) Send(ctx context.Context, m *Message) (string, error) {
	var b strings.Builder
	b.WriteString("**" + markdown(m.head()) + "**\n")
	for _, l := range m.lines() {
		b.WriteString(markdownLine(l) + "\n")
	}
	text := shorten(b.String(), mattermostText-2200)
	switch {
	case m.Link != "" && len(m.Link) < 2000:
		text += "[See it](" + markdownLink(m.Link) + ")"
	case m.Command != "":
		text += "`" + strings.ReplaceAll(m.Command, "`", "") + "`"
	}
	body := map[string]any{"text": text, "username": cmp.Or(s.config.Name, "tocsin")}
	if s.config.Channel != "" {
		body["channel"] = s.config.Channel
	}
	_, _, err := s.web.do(ctx, post{url: s.url, body: jsonOf(body), name: "Mattermost"})
	return "", err
}
