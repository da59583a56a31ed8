package state

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tocsin-sec/tocsin/alert"
)

// RuleRecord is how a rule has done.
type RuleRecord struct {
	Hits   int64
	Alerts int64
	True   int64 // alerts in incidents that were closed as malicious
	False  int64 // … as a false alarm or as expected
	Open   int64 // that nobody has judged
	Hidden int64 // that a silence hides
	Last   int64 // of the last event of all
}

// RuleRecords says how rules have done, by their ids, from the alerts whose last event is in [since, until); until 0 is no bound.
func (s *State) RuleRecords(ctx context.Context, since, until int64) (map[string]RuleRecord, error) {
	if until == 0 {
		until = math.MaxInt64
	}
	rows, err := s.read.QueryContext(ctx, "SELECT a.rule_id, CASE WHEN a.silence <> '' THEN 1 ELSE 0 END, coalesce(i.verdict, ''), count(*), "+
		"CAST(sum(a.hits) AS BIGINT), max(a.last_at) FROM alerts a LEFT JOIN incidents i ON i.key = a.incident WHERE a.last_at >= $1 AND a.last_at < $2 GROUP BY 1, 2, 3", since, until)
	if err != nil {
		return nil, fmt.Errorf("how rules have done: %w", err)
	}
	out := make(map[string]RuleRecord)
	for rows.Next() {
		var id, verdict string
		var hidden, alerts, hits, last int64
		if err := rows.Scan(&id, &hidden, &verdict, &alerts, &hits, &last); err != nil {
			return nil, fmt.Errorf("how rules have done: %w", errors.Join(err, rows.Close()))
		}
		r := out[id]
		r.Hits, r.Alerts, r.Last = r.Hits+hits, r.Alerts+alerts, max(r.Last, last)
		switch {
		case hidden == 1:
			r.Hidden += alerts
		case verdict == alert.Malicious:
			r.True += alerts
		case verdict != "":
			r.False += alerts
		default:
			r.Open += alerts
		}
		out[id] = r
	}
	return out, errors.Join(rows.Err(), rows.Close())
}
