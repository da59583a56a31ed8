package serve

import (
	"time"

	"github.com/tocsin-sec/tocsin/store"
)

// sizeLife is how long it is believed how much room events take: it is counted file by file.
const sizeLife = time.Minute

// sized is how much room the events of a tenant take on disk.
type sized struct {
	at    time.Time
	bytes int64
}

// storeBytes is how much room they take; 0 where they are on a server, or it cannot be told. The caller holds s.mu.
func (s *serve) storeBytes(t *tenant) int64 {
	e, ok := t.store.(*store.Embedded)
	if !ok {
		return 0
	}
	was := s.sizes[t.name]
	if time.Since(was.at) < sizeLife {
		return was.bytes
	}
	n, err := e.Size()
	if err != nil {
		s.log.Debug("how much room the events take", "error", err)
	}
	if s.sizes == nil {
		s.sizes = make(map[string]sized)
	}
	s.sizes[t.name] = sized{time.Now(), n}
	return n
}
