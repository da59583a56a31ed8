// Package pipeline moves items from one producer through parallel workers to one collector, which gets the results in
// the producer's order.
//
// It promises: at most InFlight items between producer and collector, so that memory is bounded and a slow collector
// slows the producer; results in order, whatever the number of workers; the first error ends the run; a worker that
// panics becomes an error of its item; when Run returns, all its goroutines have ended. It knows nothing of what it
// moves, keeps nothing, and does no I/O. The producer and each worker run in goroutines of their own; the collector in
// the one that calls Run.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Stages is a run to be.
type Stages[In, Out any] struct {
	Jobs     int // workers; 0 is 1
	InFlight int // items that are sent and not yet collected, at most; 0 is 2×Jobs+2
	// Produce calls send for each item until there are no more or send returns false.
	Produce func(ctx context.Context, send func(In) bool) error
	// Worker makes a worker: it is called once for each goroutine, and again after a panic, which may have left the
	// worker's state torn.
	Worker func() func(In) (Out, error)
	// Panicked returns what stands in for the result of an item whose worker panicked; nil ends the run with the Panic.
	Panicked func(In, *Panic) (Out, error)
	Collect  func(Out) error
}

// Panic is what a worker has panicked with.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// item is a place in the queue. There are InFlight of them, and they go round.
type item[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{} // has one element when out and err are set
}

// errStopped ends the producer when the run is over already.
var errStopped = errors.New("the run has ended")

// run is the state of one Run.
type run[In, Out any] struct {
	*Stages[In, Out]
	ctx    context.Context
	cancel context.CancelCauseFunc
	free   chan *item[In, Out] // places that the producer may use
	work   chan *item[In, Out] // for any worker
	order  chan *item[In, Out] // for the collector
}

// Run moves items until the producer ends, and returns the first error, or the cause of ctx's end.
func (s *Stages[In, Out]) Run(ctx context.Context) error {
	jobs := max(s.Jobs, 1)
	n := s.InFlight
	if n <= 0 {
		n = 2*jobs + 2
	}
	r := &run[In, Out]{
		Stages: s,
		free:   make(chan *item[In, Out], n),
		work:   make(chan *item[In, Out], n),
		order:  make(chan *item[In, Out], n),
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	for range n {
		r.free <- &item[In, Out]{done: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	wg.Go(r.produce)
	for range jobs {
		wg.Go(r.worker)
	}
	r.collect()
	wg.Wait()
	err := context.Cause(r.ctx)
	r.cancel(nil)
	return err
}

func (r *run[In, Out]) produce() {
	defer close(r.order)
	defer close(r.work)
	defer r.rescue()
	err := r.Produce(r.ctx, func(in In) bool {
		select {
		case <-r.ctx.Done():
			return false
		case it := <-r.free:
			it.in = in
			r.work <- it // never block: as many as there are items
			r.order <- it
			return true
		}
	})
	if err != nil {
		r.cancel(err)
	}
}

// rescue ends the run with the panic of the producer.
func (r *run[In, Out]) rescue() {
	if v := recover(); v != nil {
		r.cancel(&Panic{Value: v, Stack: debug.Stack()})
	}
}

func (r *run[In, Out]) worker() {
	defer r.rescue() // of Worker and Panicked
	work := r.Worker()
	for it := range r.work {
		if r.ctx.Err() != nil {
			it.err = errStopped
		} else if p := r.do(work, it); p != nil {
			work = r.Worker()
			if it.err = p; r.Panicked != nil {
				it.out, it.err = r.Panicked(it.in, p)
			}
		}
		it.done <- struct{}{}
	}
}

// do works on one item and returns the panic that this ended with.
func (r *run[In, Out]) do(work func(In) (Out, error), it *item[In, Out]) (p *Panic) {
	defer func() {
		if v := recover(); v != nil {
			p = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	it.out, it.err = work(it.in)
	return nil
}

// collect hands the results on in order. After an error it goes on without work until the producer has ended.
func (r *run[In, Out]) collect() {
	for it := range r.order {
		select {
		case <-it.done:
		case <-r.ctx.Done():
			continue
		}
		out, err := it.out, it.err
		var noIn In
		var noOut Out
		it.in, it.out = noIn, noOut // the collector may keep them; the queue must not
		if err == nil && r.ctx.Err() == nil {
			err = r.Collect(out)
		}
		if err != nil {
			r.cancel(err)
			continue
		}
		r.free <- it
	}
}
