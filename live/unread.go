package live

import (
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
)

// unread gathers what could not be read, so that a stream is told of once a minute at most, with how much it was: one
// that is nothing but noise would else make an event of each of its deliveries.
type unread struct {
	line    *Line
	streams map[sourceKey]*unreadStream
}

// unreadStream is what could not be read of one stream since that was told last.
type unreadStream struct {
	count  int64
	reason string    // of the first of them
	told   time.Time // with the time of the process
}

// maxUnread bounds the streams that are told of each on its own; what is beyond is told as one.
const maxUnread = 1000

// add takes note of parts of a delivery that could not be read.
func (u *unread) add(origin *event.Origin, parts []event.Unread) {
	first := &parts[0]
	key := sourceKey{first.Path, origin.Sender}
	s := u.streams[key]
	if s == nil && len(u.streams) >= maxUnread {
		key = sourceKey{path: "many streams"}
		s = u.streams[key]
	}
	if s == nil {
		if u.streams == nil {
			u.streams = make(map[sourceKey]*unreadStream)
		}
		s = &unreadStream{}
		u.streams[key] = s
	}
	if s.count == 0 {
		s.reason = fmt.Sprintf("at byte %d: %s", first.Offset, first.Reason)
	}
	s.count += int64(len(parts))
	if s.told.IsZero() {
		u.tell(key, s)
	}
}

func (u *unread) tell(key sourceKey, s *unreadStream) {
	u.line.Notice(source.Notice{Action: source.NoticeUnreadable, Stream: key.path, Sender: key.sender, Count: s.count, Reason: s.reason})
	*s = unreadStream{told: u.line.opt.Now()}
}

// tick tells what came since a minute ago and more, and forgets streams of which nothing did.
func (u *unread) tick() {
	for key, s := range u.streams {
		if since(s.told, u.line.opt.Now()) < complaints {
			continue
		}
		if s.count == 0 {
			delete(u.streams, key)
			continue
		}
		u.tell(key, s)
	}
}
