package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// tab is a page of a real browser at a server. Whatever goes wrong in it fails the test: an error on its console, an
// exception, what the policy refuses, a request that fails.
type tab struct {
	t   *testing.T
	s   *server
	ctx context.Context

	mu      sync.Mutex
	wrong   []string
	allowed []string // parts of what may go wrong
}

// open opens a browser of its own.
func open(t *testing.T, s *server) *tab {
	t.Helper()
	path := parts.Find(t, "chromium")
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	for _, flag := range []string{"disable-background-networking", "disable-component-update", "disable-quic", "disable-sync", "disable-dev-shm-usage"} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	return attach(ctx, t, s)
}

// another opens one more tab of the same browser; what it returns closes it before the test is over.
func (b *tab) another() (*tab, func()) {
	b.t.Helper()
	ctx, end := context.WithCancel(b.ctx)
	return attach(ctx, b.t, b.s), end
}

// attach opens a tab of the browser that ctx is of, and listens to it.
func attach(ctx context.Context, t *testing.T, s *server) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b := &tab{t: t, s: s, ctx: ctx}
	b.must(chromedp.Do(ctx))
	b.must(chromedp.Listen(ctx, b.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	_, err = chromedp.Call(ctx, cdplog.Enable, struct{}{})
	b.must(err)
	b.size(1440, 900)
	t.Cleanup(b.check)
	return b
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// hear takes note of what goes wrong.
func (b *tab) hear(ev any) {
	text := ""
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			for _, a := range e.Args {
				text += string(a.Value) + a.Description + " "
			}
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			text = fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			text = fmt.Sprintf("answered %d: %s", int(e.Response.Status), e.Response.URL)
		}
	}
	if text == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, text)
}

// allow says what may go wrong, by a part of its text.
func (b *tab) allow(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, text)
}

func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		ok := false
		for _, a := range b.allowed {
			ok = ok || strings.Contains(w, a)
		}
		if !ok {
			b.t.Errorf("in the browser: %s", w)
		}
	}
}

// enter logs in. A session belongs to the browser that it was made in: that of the server's client is no use here.
func (b *tab) enter() {
	b.t.Helper()
	b.enterAs(userName)
}

// enterAs logs in somebody who has the same password.
func (b *tab) enterAs(name string) {
	b.t.Helper()
	b.allow("401: " + b.s.origin + "/api/v1/me")
	b.allow("status of 401 (Unauthorized) " + b.s.origin + "/api/v1/me")
	b.visit("/login")
	b.see("h1", "Log in")
	b.write("input[autocomplete=username]", name)
	b.write("input[type=password]", password)
	b.keys("Enter")
	b.await("location.pathname === '/queue' && document.querySelector('.page')")
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	if width < 620 {
		b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch)))
		return
	}
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height)))
}

func (b *tab) theme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.must(err)
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Navigate(b.s.origin+path)))
}

// eval is the value of an expression of the page, or of what it promises.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression of the page holds.
func (b *tab) await(expression string) {
	b.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Promise.resolve("+expression+").then(Boolean)", chromedp.EvalAwaitPromise))
		if ok && err == nil {
			return
		}
		if time.Now().After(end) {
			b.shot("await-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
			b.t.Fatalf("waited in vain for %s (%v); the page says: %.600s", expression, err, eval[string](b, "document.body.innerText"))
		}
	}
}

// see waits until there is something with a selector, and a text in it.
func (b *tab) see(selector, text string) {
	b.t.Helper()
	b.await(fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.getClientRects().length && e.innerText.includes(%s))", js(selector), js(text)))
}

// keys presses keys, one after the other; the words Enter and Escape are keys, too.
func (b *tab) keys(list ...string) {
	b.t.Helper()
	for _, k := range list {
		switch k {
		case "Enter":
			k = kb.Enter
		case "Escape":
			k = kb.Escape
		}
		b.must(chromedp.Do(b.ctx, chromedp.KeyEvent(k, pressed)))
	}
}

// pressed makes of a key what a keyboard makes of it: where the page takes the key for its own, no letter follows.
func pressed(p *input.DispatchKeyEventParams) {
	if p.Type == input.DispatchKeyEventTypeKeyDown {
		p.Type = input.DispatchKeyEventTypeRawKeyDown
	}
}

func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS(selector), text)))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))))
}

// shot keeps a picture where TOCSIN_SCREENS names a folder.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("TOCSIN_SCREENS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	b.must(os.WriteFile(dir+"/"+name+".png", png, 0o644))
}

func js(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// in is the same tab in a test within its own.
func (b *tab) in(t *testing.T) *tab { return &tab{t: t, s: b.s, ctx: b.ctx} }
