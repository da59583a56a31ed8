package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/fill"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

//go:embed case_report.tmpl
var caseReportText string

//go:embed case_report.css
var caseReportStyle string

// caseReport returns the page; the style is our own and the only text that is not escaped.
var caseReport = sync.OnceValue(func() *fill.Template {
	return fill.Must(fill.HTML("case", caseReportText, map[string]any{
		"style": func() fill.Raw { return fill.Raw(caseReportStyle) },
		"when":  whenText,
		"nano":  func(ns int64) string { return whenText(alert.When(ns)) },
		"safe":  visible,
	}))
})

// caseReportPolicy lets the page have its own style, and nothing else.
var caseReportPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(caseReportStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

func whenText(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// visible writes characters that do not show, and those that turn the direction of writing, as their numbers.
func visible(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
			fmt.Fprintf(&b, "\\u%04x", c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// caseFigure is a figure of a case's report.
type caseFigure struct{ Name, Value string }

// caseView is what a case's report is made of.
type caseView struct {
	Case                     *CaseMessage
	Short, Tenant, State, By string
	Figures                  []caseFigure
	Actions                  []StandingAction
	Made                     time.Time
	Head                     state.AuditHead
}

func (s *Server) registerCaseReport(a *API) {
	Raw(a, Operation{Method: http.MethodGet, Path: "/cases/{key}/report", Permission: identity.CaseRead, Summary: "Writes the report of a case, to be read and printed", Tag: "cases"}, "text/html; charset=utf-8", s.caseReport)
}

// CaseReportAsk names a case.
type CaseReportAsk struct {
	KeyAsk
	Download bool `query:"download" doc:"As a file."`
}

func (s *Server) caseReport(ctx context.Context, t *Tenant, q *CaseReportAsk, w http.ResponseWriter, _ *http.Request) error {
	c, err := t.State.Case(ctx, q.Key)
	if err != nil {
		return notFound(err)
	}
	m, err := t.caseMessage(ctx, c)
	if err != nil {
		return err
	}
	v := &caseView{Case: m, Short: c.Key[:min(len(c.Key), 8)], Tenant: t.Name, By: Actor(ctx), Made: time.Now().UTC(), State: "Open"}
	if c.Status == alert.Closed {
		v.State = "Closed as " + c.Verdict
	}
	if c.Owner != "" {
		v.State += ", " + c.Owner
	}
	if v.Actions, err = t.actionsOf(ctx, m); err != nil {
		return err
	}
	if v.Head, err = t.State.AuditHead(ctx); err != nil {
		return err
	}
	v.figures()
	var page bytes.Buffer
	if err := caseReport().Execute(&page, v); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	w.Header().Set("Content-Security-Policy", caseReportPolicy())
	if q.Download {
		w.Header().Set("Content-Disposition", `attachment; filename="case-`+v.Short+`.html"`)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(page.Bytes()) // who is gone needs no answer
	return nil
}

// figures are how long it took to find, contain and close what the case joins.
func (v *caseView) figures() {
	var first, seen, done time.Time
	for _, i := range v.Case.Joined {
		first, seen = earlier(first, i.First), earlier(seen, i.Seen)
	}
	for _, a := range v.Actions {
		done = earlier(done, a.Asked)
	}
	add := func(name string, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() && !to.Before(from) {
			v.Figures = append(v.Figures, caseFigure{name, to.Sub(from).Round(time.Second).String()})
		}
	}
	add("Until it was found", first, seen)
	add("Until something was done", seen, done)
	if v.Case.Status == alert.Closed {
		add("Until it was closed", seen, alert.When(v.Case.Updated))
	}
	v.Figures = append(v.Figures, caseFigure{"Incidents", fmt.Sprint(len(v.Case.Joined))}, caseFigure{"Evidence", fmt.Sprint(len(v.Case.Evidence))})
}

// earlier is the earlier of two times, of which either may not be known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// actionsOf returns what was done for a case, or for what it joins, in order of time.
func (t *Tenant) actionsOf(ctx context.Context, c *CaseMessage) ([]StandingAction, error) {
	of := make(map[string]bool)
	for _, i := range c.Joined {
		of[i.Key] = true
		alerts, err := t.State.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, a := range alerts {
			of[a.Key] = true
		}
	}
	var out []StandingAction
	for a, err := range t.State.ListActions(ctx, state.ActionFilter{}) {
		if err != nil {
			return nil, err
		}
		var whole struct {
			Why struct{ Alert, Case string } `json:"why"`
		}
		_ = json.Unmarshal([]byte(a.JSON), &whole) // then it is nobody's
		if whole.Why.Case == c.Key || of[whole.Why.Alert] {
			out = append(out, standing(&a))
		}
	}
	slices.SortFunc(out, func(a, b StandingAction) int { return a.Asked.Compare(b.Asked) })
	return out, nil
}
