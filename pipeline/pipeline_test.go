package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// squares runs n numbers through jobs workers, which take a random time each.
func squares(jobs, n int) *Stages[int, int] {
	return &Stages[int, int]{
		Jobs: jobs,
		Produce: func(_ context.Context, send func(int) bool) error {
			for i := range n {
				if !send(i) {
					return nil
				}
			}
			return nil
		},
		Worker: func() func(int) (int, error) {
			return func(i int) (int, error) {
				time.Sleep(time.Duration(rand.IntN(1000)))
				return i * i, nil
			}
		},
	}
}

func TestRun_order(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		want := []int(nil)
		for i := range n {
			want = append(want, i*i)
		}
		for jobs := range 9 {
			synctest.Test(t, func(t *testing.T) {
				var got []int
				s := squares(jobs, n)
				s.Collect = func(i int) error { got = append(got, i); return nil }
				if err := s.Run(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%d items, %d jobs: error %v, got %v", n, jobs, err, got)
				}
			})
		}
	}
}

// A collector that stands still stops the producer after InFlight items.
func TestRun_backPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		gate := make(chan struct{})
		s := squares(2, 100)
		produce := s.Produce
		s.Produce = func(ctx context.Context, send func(int) bool) error {
			return produce(ctx, func(i int) bool {
				ok := send(i)
				sent.Add(1)
				return ok
			})
		}
		s.Collect = func(int) error { <-gate; return nil }
		done := make(chan error)
		go func() { done <- s.Run(t.Context()) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := sent.Load(); n != 6 {
			t.Errorf("%d items in flight, want 6", n)
		}
		close(gate)
		if err := <-done; err != nil || sent.Load() != 100 {
			t.Errorf("%d sent, error %v", sent.Load(), err)
		}
	})
}

func TestRun_parallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := squares(4, 100)
		s.Worker = func() func(int) (int, error) {
			return func(i int) (int, error) { time.Sleep(time.Second); return i, nil }
		}
		s.Collect = func(int) error { return nil }
		start := time.Now()
		if err := s.Run(t.Context()); err != nil || time.Since(start) != 25*time.Second {
			t.Errorf("took %v, error %v", time.Since(start), err)
		}
	})
}

var errTest = errors.New("test")

func TestRun_errors(t *testing.T) {
	boom := func(at int) func() func(int) (int, error) {
		return func() func(int) (int, error) {
			return func(i int) (int, error) {
				if i == at {
					panic("boom")
				}
				return i, nil
			}
		}
	}
	tests := []struct {
		name string
		edit func(*Stages[int, int], context.CancelFunc)
		want string
		got  int // collected at least, at most 1000
	}{
		{"producer", func(s *Stages[int, int], _ context.CancelFunc) {
			s.Produce = func(_ context.Context, send func(int) bool) error { send(1); return errTest }
		}, "test", 0},
		{"producer panics", func(s *Stages[int, int], _ context.CancelFunc) {
			s.Produce = func(_ context.Context, send func(int) bool) error { panic("boom") }
		}, "panic: boom", 0},
		{"worker", func(s *Stages[int, int], _ context.CancelFunc) {
			s.Worker = func() func(int) (int, error) {
				return func(i int) (int, error) {
					if i >= 500 {
						return 0, fmt.Errorf("%d: %w", i, errTest)
					}
					return i, nil
				}
			}
		}, "500: test", 500},
		{"worker panics", func(s *Stages[int, int], _ context.CancelFunc) { s.Worker = boom(500) }, "panic: boom", 500},
		{"worker panics and is replaced", func(s *Stages[int, int], _ context.CancelFunc) {
			s.Worker = boom(500)
			s.Panicked = func(i int, p *Panic) (int, error) {
				if i != 500 || p.Value != "boom" || len(p.Stack) == 0 {
					return 0, p
				}
				return -1, nil
			}
		}, "<nil>", 1000},
		{"making a worker panics", func(s *Stages[int, int], _ context.CancelFunc) {
			s.Worker = func() func(int) (int, error) { panic("boom") }
		}, "panic: boom", 0},
		{"collector", func(s *Stages[int, int], _ context.CancelFunc) {
			collect := s.Collect
			s.Collect = func(i int) error {
				if i == 500 {
					return errTest
				}
				return collect(i)
			}
		}, "test", 500},
		{"cancel", func(s *Stages[int, int], cancel context.CancelFunc) {
			collect := s.Collect
			s.Collect = func(i int) error {
				if i == 500 {
					cancel()
				}
				return collect(i)
			}
		}, "context canceled", 500},
	}
	for _, tt := range tests {
		for _, jobs := range []int{1, 2, 8} {
			t.Run(fmt.Sprint(tt.name, jobs), func(t *testing.T) {
				before := runtime.NumGoroutine()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				got := 0
				s := squares(jobs, 1000)
				s.Worker = func() func(int) (int, error) { return func(i int) (int, error) { return i, nil } }
				s.Collect = func(int) error { got++; return nil }
				tt.edit(s, cancel)
				if err := s.Run(ctx); fmt.Sprint(err) != tt.want {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				if got < tt.got || tt.got < 1000 && got > tt.got+1 {
					t.Errorf("collected %d, want %d", got, tt.got)
				}
				for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
					}
				}
			})
		}
	}
}

func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	s := &Stages[int, int]{
		Jobs: 2,
		Produce: func(_ context.Context, send func(int) bool) error {
			for b.Loop() {
				send(1)
			}
			return nil
		},
		Worker:  func() func(int) (int, error) { return func(i int) (int, error) { return i, nil } },
		Collect: func(int) error { return nil },
	}
	if err := s.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
}
