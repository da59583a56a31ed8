package wal

import (
	"bufio"
	"errors"
	"io"
	"math"
	"os"
)

// inspect looks through a segment: where its whole frames are, and what is damaged between them.
func inspect(path string, first uint64) (*survey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s := &survey{path: path, first: first, next: first, size: info.Size()}
	r, err := readFrames(f, first, s.size)
	var bad errBad
	if errors.As(err, &bad) {
		s.damage = []Damage{{Segment: path, From: first, Reason: string(bad)}}
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.header, s.salt, s.salvaged = true, r.salt, r.gaps
	if err := s.walk(f, r); err != nil {
		return nil, err
	}
	s.next, s.whole = r.next, len(s.damage) == 0
	return s, nil
}

// walk reads the frames; behind damage it goes on at the next whole one.
func (s *survey) walk(f *os.File, r *frames) error {
	run := span{from: r.at, next: r.next}
	for {
		h, err := r.read()
		if err == nil {
			if n := len(s.damage); n > 0 {
				s.later = s.later || h.begins
				if s.damage[n-1].To == 0 {
					s.damage[n-1].To = h.seq - 1
				}
			}
			continue
		}
		if run.to = r.at; run.to > run.from {
			s.good = append(s.good, run)
		}
		var bad errBad
		if !errors.As(err, &bad) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		s.damage = append(s.damage, Damage{Segment: s.path, Offset: r.at, From: r.next, Reason: string(bad)})
		at, found, err := find(f, r)
		if err != nil || !found {
			return err
		}
		r.seek(f, at)
		r.gaps = true
		run = span{from: at, next: r.next}
	}
}

// seek goes on with the frame that begins at a place.
func (r *frames) seek(f *os.File, at int64) {
	r.at = at
	r.r = bufio.NewReaderSize(io.NewSectionReader(f, at, math.MaxInt64-at), readBuffer)
}

// find looks for the next whole frame behind the place where r met damage.
func find(f *os.File, r *frames) (at int64, found bool, err error) {
	const window = 64 << 10
	buf := make([]byte, window+frameBytes)
	for at = r.at + 1; at+minFrame <= r.end; at += window {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), r.end-at)], at)
		if err != nil && !isEnd(err) {
			return 0, false, err
		}
		for i := 0; i < window && i+frameBytes <= n; i++ {
			ok, err := r.isFrame(f, buf[i:i+frameBytes], at+int64(i))
			if err != nil || ok {
				return at + int64(i), ok, err
			}
		}
	}
	return 0, false, nil
}

// isFrame tells whether a whole frame, with a number that can be, has its head in b.
func (r *frames) isFrame(f *os.File, b []byte, at int64) (bool, error) {
	h := parseHead(b)
	if h.seq < r.next || h.seq-r.next > 1<<32 || h.length == 0 || h.length > maxEncoded() ||
		int64(h.length) > r.end-at-frameBytes {
		return false, nil
	}
	block := make([]byte, h.length)
	if _, err := f.ReadAt(block, at+frameBytes); err != nil {
		return false, err
	}
	return checksum(r.salt, b, block) == h.sum, nil
}
