package backtest

import (
	"context"

	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Blind says which of the rules that are tried cannot hit, since nothing of their log source is kept of the time, and why; of
// correlations those of which no part can. Only what log sources there are is looked at, so it takes little.
func Blind(ctx context.Context, q Request) (map[*sigma.Rule]*Never, error) {
	datasets, err := datasetsOf(ctx, q.Store, q.Since, q.Until)
	if err != nil {
		return nil, err
	}
	n := &narrowing{sources: q.Sources, datasets: datasets, format: live.NewRebuild(q.Parser, q.Formats...).Format}
	out := make(map[*sigma.Rule]*Never)
	if len(datasets) >= maxDatasets {
		return out, nil // there may be more
	}
	for _, r := range q.Tried {
		var blind *Never
		for _, d := range detectionsOf([]*sigma.Rule{r}) {
			blind = n.impossible(d)
			if blind == nil || blind.Can {
				blind = nil
				break
			}
		}
		if blind != nil {
			out[r] = blind
		}
	}
	return out, nil
}

// Why says why the rules that are tried have not hit, whether they have or not: it looks at the newest events of the time,
// part by part of each rule.
func Why(ctx context.Context, q Request) (map[*sigma.Rule]*Never, error) {
	datasets, err := datasetsOf(ctx, q.Store, q.Since, q.Until)
	if err != nil {
		return nil, err
	}
	n := &narrowing{sources: q.Sources, datasets: datasets, format: live.NewRebuild(q.Parser, q.Formats...).Format}
	return reasonsOf(ctx, &q, n, q.Tried)
}
