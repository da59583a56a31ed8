package sigma

func (l *loader) correlation(r *Rule, s *sections) {
	l.fail(s.correlation.key, "", "correlations: not yet")
}

var correlationNames = [...]string{
	"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median",
}
