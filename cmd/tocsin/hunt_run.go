package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/pipeline"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/terminal"
)

// huntRun is one run of rules over files: source → parse → detect → report.
type huntRun struct {
	files   *source.Files
	engine  *detect.Engine
	jobs    int
	out     report.Handler
	summary detect.Summary // the counts of rules are set before

	env    parse.Env
	events atomic.Int64 // seen so far, for the progress
	hits   atomic.Int64

	desk    *alert.Desk
	told    map[*sigma.Rule]bool
	formats map[string]*detect.FormatCount
	last    *event.Origin // whose block was collected last
	spend   func()        // ends that memory is spared
}

// item is what goes to the workers: a block, or a part of the input that cannot be read.
type item struct {
	block  event.Block
	unread *event.Unread
}

// outcome is what a worker makes of an item.
type outcome struct {
	origin *event.Origin // nil where the item was no block
	result *detect.Result
	unread *event.Unread
}

// run reads everything, tells what it finds, and last the summary.
func (s *huntRun) run(ctx context.Context, start time.Time) error {
	s.told = make(map[*sigma.Rule]bool)
	s.desk = alert.NewDesk(alert.Options{})
	s.formats = make(map[string]*detect.FormatCount)
	s.spend = beThrifty()
	defer s.spend()
	stages := pipeline.Stages[item, outcome]{
		Jobs:     s.jobs,
		Produce:  s.produce,
		Worker:   s.worker,
		Panicked: panicked,
		Collect:  s.collect,
	}
	if err := stages.Run(ctx); err != nil {
		return err
	}
	if err := s.engine.Finish(s.hit); err != nil {
		return err
	}
	return s.finish(start)
}

func (s *huntRun) produce(ctx context.Context, send func(item) bool) error {
	return s.files.Blocks(ctx, func(b event.Block, u *event.Unread) bool { return send(item{b, u}) })
}

// huntBlock is the size of most blocks: as small as costs little, for several are on their way at a time.
const huntBlock = 256 << 10

// maxKept bounds the events of a batch whose memory is used again.
const maxKept = 1 << 15

// worker makes a worker with parsers, a batch and a matcher of its own.
func (s *huntRun) worker() func(item) (outcome, error) {
	parsers := make(map[string]parse.Parser)
	match := s.engine.NewWorker()
	batch := new(event.Batch)
	return func(it item) (outcome, error) {
		if it.unread != nil {
			return outcome{unread: it.unread}, nil
		}
		o := it.block.Origin
		p := parsers[o.Format]
		if p == nil {
			p = formats.Parser(o.Format, &s.env)
			parsers[o.Format] = p
		}
		p.Parse(it.block, batch)
		out := outcome{origin: o, result: match.Match(batch)}
		s.events.Add(int64(len(batch.Events)))
		if len(batch.Events) > maxKept {
			batch = new(event.Batch)
		}
		batch.Reset()
		s.files.Release(it.block)
		return out, nil
	}
}

// panicked notes a block that a defect of this program keeps from being read. It names where, for a report of it.
func panicked(it item, p *pipeline.Panic) (outcome, error) {
	return outcome{unread: &event.Unread{
		Path: it.block.Origin.Path, Offset: it.block.Offset,
		Reason: fmt.Sprintf("a defect in tocsin (please report it) kept %d bytes from being read: %v at %s", len(it.block.Data), p.Value, panicPlace(p.Stack)),
	}}, nil
}

// panicPlace returns the function and line below the panic in a stack trace.
func panicPlace(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") && i+3 < len(lines) {
			_, file, _ := cutLast(strings.TrimSpace(lines[i+3]), "/")
			place, _, _ := strings.Cut(file, " ")
			return place
		}
	}
	return "an unknown place"
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// collect takes the outcomes in the order of the input.
func (s *huntRun) collect(o outcome) error {
	if o.unread != nil {
		s.unread(*o.unread)
	}
	if o.origin == nil {
		return nil
	}
	count := s.formats[o.origin.Format]
	if count == nil {
		count = &detect.FormatCount{Format: o.origin.Format}
		s.formats[o.origin.Format] = count
	}
	if o.origin != s.last {
		s.last = o.origin
		if count.Files++; bulky(o.origin.Format) {
			s.spend()
		}
	}
	r := o.result
	count.Events += r.Events
	s.summary.Events += r.Events
	s.span(r.First, r.Last)
	for _, u := range r.Unread {
		s.unread(u)
	}
	if err := s.engine.Gather(r); err != nil {
		return err
	}
	s.engine.Reuse(r)
	for i := range r.Hits {
		if err := s.hit(r.Hits[i].Rule, &r.Hits[i].Hit); err != nil {
			return err
		}
	}
	return nil
}

// span widens the time of the run to hold two times, nanoseconds since 1970; 0 is none.
func (s *huntRun) span(first, last int64) {
	if first != 0 {
		if t := time.Unix(0, first).UTC(); s.summary.First.IsZero() || t.Before(s.summary.First) {
			s.summary.First = t
		}
	}
	if last != 0 {
		if t := time.Unix(0, last).UTC(); t.After(s.summary.Last) {
			s.summary.Last = t
		}
	}
}

func (s *huntRun) unread(u event.Unread) {
	if s.summary.UnreadTotal++; len(s.summary.Unread) < detect.MaxUnread {
		s.summary.Unread = append(s.summary.Unread, u)
	}
}

// hit tells a hit, and of its rule before the first.
func (s *huntRun) hit(r *sigma.Rule, h *detect.Hit) error {
	if !s.told[r] {
		s.told[r] = true
		info := detect.Info(r)
		if err := s.out.Rule(&info); err != nil {
			return err
		}
	}
	s.summary.Hits++
	s.hits.Add(1)
	s.take(r, h)
	return s.out.Hit(h)
}

func (s *huntRun) finish(start time.Time) error {
	p := s.files.Progress()
	sum := &s.summary
	sum.Type = "summary"
	sum.Files, sum.Bytes = p.Streams, p.Bytes
	sum.Formats = []detect.FormatCount{}
	for _, c := range s.formats {
		sum.Formats = append(sum.Formats, *c)
	}
	slices.SortFunc(sum.Formats, func(a, b detect.FormatCount) int { return strings.Compare(a.Format, b.Format) })
	if sum.Unread == nil {
		sum.Unread = []event.Unread{}
	}
	sum.Incidents = s.incidents()
	sum.Notes = append(sum.Notes, s.engine.Notes()...)
	sum.Seconds = time.Since(start).Seconds()
	return s.out.Summary(sum)
}

// noRule says why there is nothing to hunt with: to find nothing would look like good news.
func noRule(s *rules.Set) error {
	if s.Refused > 0 {
		return terminal.WithHint(fmt.Errorf("hunt: there is no rule to hunt with: %d refused", s.Refused), "tocsin rules check tells why")
	}
	return errors.New("hunt: there is no rule to hunt with in the places that were named")
}
