package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// TeamsConfig is a way to a channel of Microsoft Teams.
type TeamsConfig struct {
	URL string `yaml:"url" secret:"true" doc:"The address of the workflow (Post to a channel when a webhook request is received)." example:"file:/etc/tocsin/teams.url"`
	CA  string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// TeamsKind documents Teams.
var TeamsKind = Kind{
	Name:    "teams",
	Doc:     "A channel of Microsoft Teams, by the webhook of a workflow, as an Adaptive Card. Whatever a log holds, nobody is mentioned by it.",
	Example: "url: file:/etc/tocsin/teams.url\n",
	Config:  &TeamsConfig{},
}

type teams struct {
	web *web
	url string
}

func (c *TeamsConfig) open(env Env) (Sender, error) {
	url, err := address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	w, err := newWeb(env, c.CA)
	return &teams{w, url}, err
}

// Bounds of a card: Teams refuses requests of more than 28 KB.
const (
	teamsBody  = 26_000 // bytes
	teamsLines = 100
)

// teamsColours are those of severities, as Adaptive Cards name them.
var teamsColours = map[string]string{"critical": "Attention", "high": "Attention", "medium": "Warning", "low": "Accent"}

// teamsText keeps a text from being read as a function of dates: {{DATE(…)}}.
func teamsText(s string) string {
	return strings.NewReplacer("{{", "{\u200b{", "<at>", "<\u200bat>").Replace(s)
}

// card is the body of a request: a TextRun shows its text as it is, while a TextBlock reads Markdown.
func (s *teams) card(m *Message, lines []string) []byte {
	run := func(text, size, weight, colour string) map[string]any {
		inline := map[string]any{"type": "TextRun", "text": teamsText(text)}
		for k, v := range map[string]string{"size": size, "weight": weight, "color": colour} {
			if v != "" {
				inline[k] = v
			}
		}
		return map[string]any{"type": "RichTextBlock", "inlines": []any{inline}, "spacing": "Small"}
	}
	blocks := []any{run(shorten(m.head(), maxSentence), "Medium", "Bolder", teamsColours[m.Severity])}
	for _, l := range lines {
		blocks = append(blocks, run(l, "", "", ""))
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks,
		"msteams": map[string]any{"width": "Full"},
	}
	if m.Link != "" && len(m.Link) <= 2000 {
		card["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": "See it", "url": m.Link}}
	} else if m.Command != "" {
		card["body"] = append(blocks, run(m.Command, "Small", "", ""))
	}
	return jsonOf(map[string]any{"type": "message", "attachments": []any{
		map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}})
}

// Send implements Sender.
func (s *teams) Send(ctx context.Context, m *Message) (string, error) {
	lines := m.lines()
	lines = slices.Clone(lines[:min(len(lines), teamsLines)])
	for i := range lines {
		lines[i] = shorten(lines[i], maxSentence+maxLine)
	}
	body := s.card(m, lines)
	for len(body) > teamsBody && len(lines) > 1 {
		lines = lines[:len(lines)-1]
		body = s.card(m, append(lines[:len(lines):len(lines)], "…"))
	}
	_, _, err := s.web.do(ctx, post{url: s.url, body: body, name: "Teams"})
	return "", err
}
