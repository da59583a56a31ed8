package notify

import (
	"bytes"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/tocsin-sec/tocsin/fill"
)

// mail makes a mail of a message: text and HTML (RFC 2046 §5.1.4), in one thread with the others of its incident by
// References (RFC 5322 §3.6.4), and marked as written by a machine (RFC 3834 §5).
func (w *smtpWay) mail(m *Message) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(w.from)
	msg.EnvelopeFromMailAddress(w.from)
	msg.ToMailAddress(w.to...)
	msg.Subject(w.subjectOf(m))
	msg.SetDateWithValue(m.At)
	at := "@" + w.from.Address[strings.LastIndexByte(w.from.Address, '@')+1:]
	msg.SetMessageIDWithValue("tocsin." + m.ID + at)
	if m.Thread != "" {
		root := "<tocsin.incident." + hash(m.Tenant, m.Thread) + at + ">"
		msg.SetGenHeaderPreformatted(mail.HeaderReferences, root)
		if !m.First {
			msg.SetGenHeaderPreformatted(mail.HeaderInReplyTo, root)
		}
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("X-Mailer", "tocsin")
	msg.SetGenHeader("X-Tocsin-Kind", m.Kind)
	msg.SetGenHeader("X-Tocsin-Severity", m.Severity)
	if m.Thread != "" {
		msg.SetGenHeader("X-Tocsin-Incident", clean(m.Thread, maxName))
	}
	if m.Severity == levels[Critical] || m.Severity == levels[High] {
		if m.Kind == Firing || m.Kind == Worse || m.Kind == Escalated {
			msg.SetImportance(mail.ImportanceHigh)
		}
	}
	html, err := htmlOf(m)
	if err != nil {
		return nil, err
	}
	msg.SetBodyString(mail.TypeTextPlain, mailText(m))
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	return msg, nil
}

func (w *smtpWay) subjectOf(m *Message) string {
	subject := m.Severity + ": " + m.Title
	switch {
	case m.Kind == Digest:
		subject = m.Title
	case m.Kind == Firing:
	default:
		subject = kindWords[m.Kind] + ": " + subject
	}
	return clean(w.subject+" "+subject, maxTitle+80)
}

// mailText is the text part.
func mailText(m *Message) string {
	var b strings.Builder
	for _, l := range m.lines() {
		b.WriteString(l + "\n")
	}
	b.WriteByte('\n')
	if m.Why != "" && (m.Kind == Firing || m.Kind == Digest) {
		b.WriteString("Why now: " + m.Why + "\n")
	}
	if len(m.Tactics) > 0 {
		b.WriteString("Stages: " + strings.Join(m.Tactics, ", ") + "\n")
	}
	if m.Link != "" {
		b.WriteString("See it: " + m.Link + "\n")
	}
	if m.Command != "" {
		b.WriteString("On the machine: " + m.Command + "\n")
	}
	return b.String()
}

// colours of severities: text on white, with a contrast that everybody can read.
var colours = map[string]string{"critical": "#a3004f", "high": "#b3261e", "medium": "#8a5300", "low": "#00629b", "informational": "#5f6368"}

// htmlMail is the HTML part; what stands in it is escaped.
var htmlMail = fill.Must(fill.HTML("mail", `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{.M.Title}}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.4;color:#202124;max-width:46em">
<p style="margin:0 0 .3em"><strong style="color:{{.Colour}}">{{.Word}}</strong></p>
<p style="font-size:17px;margin:0 0 .4em"><strong>{{.M.What}}</strong></p>
{{if .M.Who}}<p style="margin:0 0 .8em;color:#3c4043">{{.M.Who}}</p>
{{end}}{{if .Why}}<p style="margin:0 0 .8em">{{.M.Why}}</p>
{{end}}{{if .M.Since}}<p style="margin:0 0 .2em"><strong>What the logs tell from then on</strong></p>
<ul style="margin:0 0 .8em">{{range .M.Since}}<li>{{.}}</li>{{end}}</ul>
{{end}}{{if .M.Items}}<table style="border-collapse:collapse;margin:0 0 .8em">
{{range .Items}}<tr><td style="padding:.2em .8em .2em 0;vertical-align:top;color:{{.Colour}}">{{.Severity}}</td><td style="padding:.2em 0">{{if .Link}}<a href="{{.Link}}">{{.Title}}</a>{{else}}{{.Title}}{{end}}{{if .Who}}<br><span style="color:#5f6368">{{.Who}}</span>{{end}}</td></tr>
{{end}}</table>
{{end}}{{if .M.More}}<p style="margin:0 0 .8em">and {{.M.More}} more</p>
{{end}}{{range .M.Sections}}<p style="margin:.8em 0 .2em"><strong>{{.Title}}</strong></p>
{{if .Lines}}<ul style="margin:0 0 .8em">{{range .Lines}}<li>{{.}}</li>{{end}}{{if .More}}<li>and {{.More}} more</li>{{end}}</ul>
{{else}}<p style="margin:0 0 .8em;color:#5f6368">{{.None}}</p>
{{end}}{{end}}{{if .Next}}<p style="margin:.8em 0 .2em"><strong>What to do next</strong></p>
<ol style="margin:0 0 .8em">{{range .M.Next}}<li>{{.}}</li>{{end}}</ol>
{{end}}{{if .M.Link}}<p><a href="{{.M.Link}}" style="display:inline-block;padding:.4em 1em;background:#202124;color:#ffffff;text-decoration:none">See it</a></p>
{{end}}{{if .M.Command}}<p style="color:#5f6368">On the machine: <code>{{.M.Command}}</code></p>
{{end}}</body></html>
`, nil))

// htmlItem is an item with its colour.
type htmlItem struct {
	Item
	Colour string
}

func htmlOf(m *Message) (string, error) {
	word := m.Severity
	if w := kindWords[m.Kind]; w != "" {
		word += " – " + strings.ToLower(w)
	}
	if m.Kind == Digest {
		word = m.Title
	}
	ends := m.Kind == Resolved || m.Kind == Taken
	view := struct {
		M         *Message
		Word      string
		Colour    string
		Why, Next bool
		Items     []htmlItem
	}{M: m, Word: word, Colour: colours[m.Severity], Why: m.Why != "" && m.Kind != Digest, Next: len(m.Next) > 0 && !ends}
	for _, i := range m.Items {
		view.Items = append(view.Items, htmlItem{i, colours[i.Severity]})
	}
	var b bytes.Buffer
	err := htmlMail.Execute(&b, view)
	return b.String(), err
}
