package wal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/s2"
)

// Replay calls f with every frame from a sequence number on that was durable when Replay was called, in order, and stops
// at the first error of f, which it returns. It begins at First if that is higher. The frame is valid during the call
// only. Append may go on meanwhile, and f may call it.
func (l *Log) Replay(from uint64, f func(seq uint64, frame []byte) error) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fmt.Errorf("replay log %s: %w", l.dir, os.ErrClosed)
	}
	id := l.pin
	l.pin++
	l.pins[id] = from
	segments := append([]segment(nil), l.segments...)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.pins, id)
		l.mu.Unlock()
	}()
	var frame []byte
	for i, s := range segments {
		if i+1 < len(segments) && segments[i+1].first <= from {
			continue
		}
		if err := l.replaySegment(s, &frame, from, f); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) replaySegment(s segment, frame *[]byte, from uint64, f func(seq uint64, frame []byte) error) error {
	path := filepath.Join(l.dir, segmentName(s.first))
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("replay log %s: %w", l.dir, err)
	}
	defer file.Close()
	r, err := readFrames(file, s.first, s.bytes)
	for err == nil {
		var h frameHead
		if h, err = r.read(); err != nil || h.seq < from {
			continue
		}
		if *frame, err = s2.Decode((*frame)[:cap(*frame)], r.block); err != nil {
			err = errBad(err.Error())
			continue
		}
		if told := f(h.seq, *frame); told != nil {
			return told
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	var bad errBad
	if !errors.As(err, &bad) {
		return fmt.Errorf("replay %s: %w", path, err)
	}
	d := Damage{Segment: path, Reason: string(bad), From: s.first}
	if r != nil {
		d.Offset, d.From = r.at, r.next
	}
	return fmt.Errorf("replay log %s: %w", l.dir, &DamageError{Damage: []Damage{d}})
}
