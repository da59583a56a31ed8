package main

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/state"
)

// daily has the site's daily mail come at once, when it is started next: its hour was a minute ago, by the clock of a zone
// where it is about noon.
func (w *mailed) daily() {
	w.Helper()
	now := time.Now().UTC()
	zone := fmt.Sprintf("Etc/GMT%+d", now.Hour()-12) // what is east of Greenwich has a minus there
	if now.Hour() == 12 {
		zone = "UTC"
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		w.Fatal(err)
	}
	text, err := os.ReadFile(w.config)
	if err != nil {
		w.Fatal(err)
	}
	digest := fmt.Sprintf("  digest: {to: [ops], at: '%s', zone: %s}\n", now.Add(-time.Minute).In(at).Format("15:04"), zone)
	if err := os.WriteFile(w.config, append(text, digest...), 0o600); err != nil {
		w.Fatal(err)
	}
}

// digests are the plain texts of the daily mails, subject first.
func (w *mailed) digests() []string {
	w.Helper()
	var list []string
	for _, text := range w.server.Mails(w) {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			w.Fatal(err)
		}
		if m.Header.Get("X-Tocsin-Kind") != "digest" {
			continue
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			w.Fatal(err)
		}
		list = append(list, subject+"\n"+w.plain(m))
	}
	return list
}

// plain is the first part of a mail, which is plain text.
func (w *mailed) plain(m *mail.Message) string {
	w.Helper()
	body, coding := m.Body, m.Header.Get("Content-Transfer-Encoding")
	if kind, args, err := mime.ParseMediaType(m.Header.Get("Content-Type")); err == nil && strings.HasPrefix(kind, "multipart/") {
		p, err := multipart.NewReader(m.Body, args["boundary"]).NextPart() // which undoes quoted-printable
		if err != nil {
			w.Fatal(err)
		}
		body, coding = p, p.Header.Get("Content-Transfer-Encoding")
	}
	if strings.EqualFold(coding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// inState does something with the state of a site that is not served.
func (w *mailed) inState(do func(ctx context.Context, st *state.State)) {
	w.Helper()
	ctx := context.Background()
	st, err := state.Open(ctx, filepath.Join(w.dir, "data", "tenants", "main", "state.db"), state.Options{})
	if err != nil {
		w.Fatal(err)
	}
	do(ctx, st)
	if err := st.Close(); err != nil {
		w.Error(err)
	}
}

// The daily mail of a day on which something was: the five gravest things of seven, the block that was asked for, the source
// that fell silent and came back to nobody; once, also where serve is started again.
func TestDailyMail(t *testing.T) {
	w := newMailed(t)
	text, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "rules: [rules]", "rules: [rules, builtin]\nsilence: 1s", 1)
	if err := os.WriteFile(w.config, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	for range 7 {
		w.write("teapot")
	}
	parts.Wait(t, time.Minute, "a mail about each", func() bool { return len(w.told()) >= 7 })
	db := filepath.Join(w.dir, "data", "tenants", "main", "state.db")
	st, err := state.Open(t.Context(), db, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, time.Minute, "the silence to be found", func() bool {
		for h, err := range st.ListHits(t.Context(), state.HitFilter{Text: "source-silent"}) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(h.JSON, "app.log") {
				return true
			}
		}
		return false
	})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	w.end(os.Interrupt)
	w.inState(func(ctx context.Context, st *state.State) {
		r := respond.NewRunner(st, nobody{}, respond.RunnerOptions{})
		if _, err := r.Ask(ctx, respond.Request{Kind: "block", Target: "203.0.113.9", By: "test", For: time.Hour, Needs: 1}); err != nil {
			t.Fatal(err)
		}
	})
	w.daily()
	w.start()
	parts.Wait(t, time.Minute, "the daily mail", func() bool { return len(w.digests()) > 0 })
	w.end(os.Interrupt)
	w.start()
	w.write("teapot")
	parts.Wait(t, time.Minute, "a mail about the eighth", func() bool { return len(w.told()) >= 8 })
	w.end(os.Interrupt)
	list := w.digests()
	if len(list) != 1 {
		t.Fatalf("%d daily mails: %q", len(list), list)
	}
	subject, _, _ := strings.Cut(list[0], "\n")
	if !strings.Contains(subject, "incidents to look at") {
		t.Errorf("subject %q", subject)
	}
	named := 0
	for i := range 8 {
		if strings.Contains(list[0], fmt.Sprintf("host%d", i+1)) {
			named++
		}
	}
	for _, part := range []string{"block 203.0.113.9: proposed", "app.log: nothing came from it for"} {
		if !strings.Contains(list[0], part) {
			t.Errorf("%q is not in the mail", part)
		}
	}
	if named < 4 || named > 6 { // five, of which one may be the silence; the gravest may be named twice
		t.Errorf("%d hosts are named", named)
	}
	t.Log(list[0])
}

// The daily mail of a day on which nothing was says so.
func TestDailyMailOfAQuietDay(t *testing.T) {
	w := newMailed(t)
	w.daily()
	w.start()
	parts.Wait(t, time.Minute, "the daily mail", func() bool { return len(w.digests()) > 0 })
	w.end(os.Interrupt)
	list := w.digests()
	if len(list) != 1 || !strings.Contains(list[0], "all quiet") || !strings.Contains(list[0], "nothing was blocked") || !strings.Contains(list[0], "every source speaks") {
		t.Errorf("%q", list)
	}
	t.Log(list)
}

// nobody is a worker that knows what must not be cut off, and does nothing.
type nobody struct{}

func (nobody) Perform(context.Context, *respond.Order) (*respond.Answer, error) {
	return &respond.Answer{Ground: &respond.Ground{}}, nil
}
