package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// DiscordConfig is a way to a channel of Discord.
type DiscordConfig struct {
	URL  string `yaml:"url" secret:"true" doc:"The address of the webhook." example:"file:/etc/tocsin/discord.url"`
	Name string `yaml:"name" doc:"The name that messages come from." default:"that of the webhook"`
	CA   string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
}

// DiscordKind documents Discord.
var DiscordKind = Kind{
	Name:    "discord",
	Doc:     "A channel of Discord, by its webhook. Whatever a log holds, nobody is mentioned by it.",
	Example: "url: file:/etc/tocsin/discord.url\n",
	Config:  &DiscordConfig{},
}

type discord struct {
	web       *web
	url, name string
}

func (c *DiscordConfig) open(env Env) (Sender, error) {
	text, err := address(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("url: it is no address")
	}
	q := u.Query()
	q.Set("wait", "true") // answer when it is there, not when it is queued
	u.RawQuery = q.Encode()
	w, err := newWeb(env, c.CA)
	return &discord{w, u.String(), c.Name}, err
}

// Bounds of Discord, in characters (https://discord.com/developers/docs/resources/message#embed-object-embed-limits).
const (
	discordContent     = 2000
	discordTitle       = 256
	discordDescription = 4096
	discordName        = 80
)

// discordColours are those of severities.
var discordColours = map[string]int{"critical": 0xA3004F, "high": 0xB3261E, "medium": 0xE37400, "low": 0x00629B}

// Send implements Sender.
func (s *discord) Send(ctx context.Context, m *Message) (string, error) {
	var lines []string
	for _, l := range m.lines() {
		lines = append(lines, markdownLine(l))
	}
	if m.Link == "" && m.Command != "" {
		lines = append(lines, "`"+strings.ReplaceAll(m.Command, "`", "")+"`")
	}
	embed := map[string]any{
		"title": shorten(markdown(m.head()), discordTitle), "description": shorten(strings.Join(lines, "\n"), discordDescription),
		"color": discordColours[m.Severity], "timestamp": stamp(m.stampOf()), "footer": map[string]any{"text": "tocsin " + m.ID},
	}
	if m.Link != "" && len(m.Link) <= 2048 {
		embed["url"] = m.Link
	}
	body := map[string]any{
		"content": shorten(markdown(m.head()), discordContent), "embeds": []any{embed},
		"allowed_mentions": map[string]any{"parse": []string{}},
	}
	if s.name != "" {
		body["username"] = shorten(s.name, discordName)
	}
	_, answer, err := s.web.do(ctx, post{url: s.url, body: jsonOf(body), name: "Discord"})
	return "", discordWait(err, answer)
}

// discordWait reads from the answer how long to wait, which it says in seconds with a fraction.
func discordWait(err error, answer []byte) error {
	var r *Refusal
	var limited struct {
		After float64 `json:"retry_after"`
	}
	if errors.As(err, &r) && r.Class == Later && json.Unmarshal(answer, &limited) == nil && limited.After > 0 && limited.After < 1e6 {
		r.After = max(r.After, time.Duration(limited.After*float64(time.Second)))
	}
	return err
}
