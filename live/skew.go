package live

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/source"
)

// A clock that is found wrong is judged skewWait later, when others had time to be found wrong, too: where most of those
// who send, and leastSkewed of them, are off by the same, it is this machine's own clock that is wrong, and none of theirs.
const (
	skewWait    = time.Minute
	leastSkewed = 3
	skewMemory  = time.Hour // for how long the time that a sender stated counts
)

// clock takes note of the time that a source states.
func (w *watch) clock(s *sourceSeen, o *outcome) {
	if o.newest == 0 {
		return
	}
	s.stated = o.arrived
	s.off = time.Duration(o.newest - o.arrived)
	if s.off.Abs() <= w.line.opt.Skew {
		if s.wrong != 0 {
			w.ours = false
		}
		s.skewed, s.wrong, s.judged = 0, 0, false
		return
	}
	if s.skewed++; s.skewed >= skewedTimes && s.wrong == 0 {
		s.wrong = o.arrived
	}
}

// judge tells of the clocks that were found wrong.
func (w *watch) judge(now int64) {
	due := false
	for _, s := range w.sources {
		due = due || s.wrong != 0 && !s.judged && now-s.wrong >= int64(skewWait)
	}
	if !due {
		return
	}
	off, wrong, all := w.agreed(now)
	ours := wrong >= leastSkewed && 2*wrong > all
	if ours && !w.ours {
		way := "behind"
		if off < 0 {
			way = "ahead of"
		}
		w.line.Notice(source.Notice{
			Action: source.NoticeSkewed, Stream: "this machine", Count: int64(off.Abs() / time.Second),
			Reason: fmt.Sprintf("the clock of this machine seems to be %s %s the right time: %d of the %d who send agree on it", off.Abs().Round(time.Second), way, wrong, all),
		})
	}
	w.ours = ours
	for key, s := range w.sources {
		if s.wrong == 0 || s.judged || now-s.wrong < int64(skewWait) {
			continue
		}
		s.judged = true
		if !ours || key.sender == "" || (s.off-off).Abs() > w.line.opt.Skew {
			w.blame(key, s)
		}
	}
}

// blame tells that a source's own clock is wrong.
func (w *watch) blame(key sourceKey, s *sourceSeen) {
	way := "ahead of"
	if s.off < 0 {
		way = "behind"
	}
	w.line.Notice(source.Notice{
		Action: source.NoticeSkewed, Stream: key.path, Sender: key.sender, Count: int64(s.off.Abs() / time.Second),
		Reason: fmt.Sprintf("its times are %s %s those of arrival: its clock or its time zone is wrong", s.off.Abs().Round(time.Second), way),
	})
}

// agreed returns by how much those senders are off who are wrong alike, how many they are, and how many have stated a time of
// late. Files of this machine have no sender: their times are of the clock that is in question.
func (w *watch) agreed(now int64) (off time.Duration, wrong, all int) {
	senders := make(map[string]*sourceSeen)
	for key, s := range w.sources {
		if key.sender == "" || s.stated == 0 || now-s.stated > int64(skewMemory) {
			continue
		}
		if known := senders[key.sender]; known == nil || known.wrong != 0 && s.wrong == 0 { // one that is right speaks for its sender
			senders[key.sender] = s
		}
	}
	var offs []time.Duration
	for _, s := range senders {
		if s.wrong != 0 {
			offs = append(offs, s.off)
		}
	}
	if len(offs) == 0 {
		return 0, 0, len(senders)
	}
	slices.Sort(offs)
	off = offs[len(offs)/2]
	for _, o := range offs {
		if (o - off).Abs() <= w.line.opt.Skew {
			wrong++
		}
	}
	return off, wrong, len(senders)
}
