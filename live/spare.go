package live

import "github.com/tocsin-sec/tocsin/store"

// spare are batches of rows whose memory is used again: a third of what a line allocates would be theirs.
type spare chan *store.Batch

const (
	maxSpare      = 8       // batches: there are no more on their way with a few workers
	maxSpareBytes = 1 << 20 // of the rows of one
)

// take returns an empty batch.
func (s spare) take() *store.Batch {
	select {
	case b := <-s:
		return b
	default:
		return new(store.Batch)
	}
}

// give gives back a batch that nobody looks at any more; nil is fine.
func (s spare) give(b *store.Batch) {
	if b == nil || b.Size() > maxSpareBytes {
		return
	}
	b.Reset()
	select {
	case s <- b:
	default:
	}
}
