package notify

import (
	"context"
	"fmt"
	"strings"
)

// SlackConfig is a way to a channel of Slack.
type SlackConfig struct {
	URL string `yaml:"url" secret:"true" doc:"The address of the incoming webhook." example:"file:/etc/tocsin/slack.url"`
	CA  string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// SlackKind documents Slack.
var SlackKind = Kind{
	Name:    "slack",
	Doc:     "A channel of Slack, by an incoming webhook (Block Kit). Whatever a log holds, nobody is mentioned by it.",
	Example: "url: file:/etc/tocsin/slack.url\n",
	Config:  &SlackConfig{},
}

type slack struct {
	web *web
	url string
}

func (c *SlackConfig) open(env Env) (Sender, error) {
	url, err := address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	w, err := newWeb(env, c.CA)
	return &slack{w, url}, err
}

// Bounds of Slack's blocks, in characters (https://docs.slack.dev/reference/block-kit/blocks).
const (
	slackHeader  = 150
	slackSection = 3000
	slackButton  = 3000 // of an address
)

// slackEscape is for texts that Slack reads as mrkdwn: these three characters are all that begin something.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Send implements Sender.
func (s *slack) Send(ctx context.Context, m *Message) (string, error) {
	plain := func(text string, most int) map[string]any { // in which nothing has a meaning
		return map[string]any{"type": "plain_text", "text": shorten(text, most), "emoji": false}
	}
	blocks := []any{
		map[string]any{"type": "header", "text": plain(m.head(), slackHeader)},
		map[string]any{"type": "section", "text": plain(ifEmpty(m.text(), m.head()), slackSection)},
	}
	if m.Link != "" && len(m.Link) <= slackButton {
		blocks = append(blocks, map[string]any{"type": "actions", "elements": []any{
			map[string]any{"type": "button", "text": plain("See it", 75), "url": m.Link},
		}})
	} else if m.Command != "" {
		blocks = append(blocks, map[string]any{"type": "context", "elements": []any{plain(m.Command, slackSection)}})
	}
	body := jsonOf(map[string]any{"text": shorten(slackEscape.Replace(m.head()), slackSection), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
	_, _, err := s.web.do(ctx, post{url: s.url, body: body, name: "Slack"})
	return "", err
}
