package parse

import "github.com/tocsin-sec/tocsin/event"

// jsonDialects are the known ways in which programs other than Windows write JSON, the more telling before the less.
var jsonDialects = []jsonDialect{}

var journaldFormat = &event.Format{Name: "journald"}

type journalPlan struct{}

func newJournalPlan(*layout, *event.Shapes) *journalPlan { return nil }

type webFields struct{}

func webFieldsOf(*layout) webFields { return webFields{} }

func (l *layout) web() bool { return false }
