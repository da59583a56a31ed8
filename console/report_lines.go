package console

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/store"
)

// ReportAsk says which report is asked for, and of what time: as the operation of that name has it.
type ReportAsk struct {
	Report string `path:"report" enum:"month,shift,compliance"`
	MonthAsk
	ShiftAsk
	ComplianceAsk
}

// ReportProgress says how far a report is.
type ReportProgress struct {
	Share float64 `json:"share" doc:"From 0 to 1."`
	Doing string  `json:"doing" doc:"What is looked at."`
}

// reportLine is a line of the answer: how far it is, and last the report.
type reportLine struct {
	Progress *ReportProgress `json:"progress,omitempty"`
	Result   any             `json:"result,omitempty"`
}

func (s *Server) registerReportLines(a *API) {
	Stream(a, Operation{Method: http.MethodGet, Path: "/reports/{report}/lines", Permission: identity.ReportRead, Summary: "Makes a report, and tells how far it is", Tag: "reports"}, s.reportLines)
}

func (s *Server) reportLines(ctx context.Context, t *Tenant, q *ReportAsk, out *Lines) error {
	told := time.Time{}
	ctx = context.WithValue(ctx, reachedKey{}, func(p ReportProgress) {
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			if out.object(reportLine{Progress: &p}) == nil {
				_ = out.flush() // who is gone is known by the context
			}
		}
	})
	var result any
	var err error
	switch q.Report {
	case "month":
		result, err = s.month(ctx, t, &q.MonthAsk)
	case "shift":
		result, err = s.shift(ctx, t, &q.ShiftAsk)
	default:
		result, err = s.compliance(ctx, t, &q.ComplianceAsk)
	}
	if err != nil {
		return err
	}
	return out.object(reportLine{Result: result})
}

type reachedKey struct{}

// reached tells who waits for a report how far it is, and what comes next.
func reached(ctx context.Context, doing string, share float64) {
	if tell, ok := ctx.Value(reachedKey{}).(func(ReportProgress)); ok {
		tell(ReportProgress{share, doing})
	}
}

// reaching is a context whose searches tell how far a report is, between two shares of it.
func reaching(ctx context.Context, doing string, from, to float64) context.Context {
	if ctx.Value(reachedKey{}) == nil {
		return ctx
	}
	reached(ctx, doing, from)
	return store.Telling(ctx, func(share float64) { reached(ctx, doing, from+(to-from)*share) })
}
