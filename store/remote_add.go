package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// bodyBytes is about how much one insertion carries.
const bodyBytes = 4 << 20

// Add adds the rows of a frame; see Embedded.Add. An error may come after some of the rows were taken: the next Add of
// the same frame asks first which, and waits for that until they must be visible. ErrFull: the server takes no rows.
func (r *Remote) Add(ctx context.Context, seq uint64, b *Batch) (Added, error) {
	return r.AddSome(ctx, seq, b, nil)
}

// AddSome is Add of the rows for which lacks is true; of all if lacks is nil. The others count as kept.
func (r *Remote) AddSome(ctx context.Context, seq uint64, b *Batch, lacks []bool) (Added, error) {
	if seq > MaxSeq || b.Len() > MaxRows || lacks != nil && len(lacks) != b.Len() {
		return Added{}, fmt.Errorf("add rows: frame %d of %d rows is out of range", seq, b.Len())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.unsure[seq]; ok {
		if err := pause(ctx, visible-time.Since(at)); err != nil {
			return Added{}, err
		}
		if err := r.found.load(ctx, r, seq, r.last); err != nil {
			return Added{}, fmt.Errorf("add rows of frame %d again: %w", seq, err)
		}
		there := r.found.lacks(seq, b.Len())
		r.found = found{}
		for i := range there {
			there[i] = there[i] && (lacks == nil || lacks[i])
		}
		lacks = there
	}
	added, err := r.send(ctx, seq, b, lacks)
	if err != nil {
		r.unsure[seq] = time.Now()
		return Added{}, err
	}
	delete(r.unsure, seq)
	r.added = time.Now()
	for i := range b.Len() {
		r.found.added(seq, i)
	}
	r.note(seq, uint64(added.Kept), time.Now())
	return added, nil
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for event store server: %w", context.Cause(ctx))
	case <-t.C:
		return nil
	}
}

// send sends rows in as many insertions as they need.
func (r *Remote) send(ctx context.Context, seq uint64, b *Batch, lacks []bool) (Added, error) {
	added := Added{Trimmed: b.Trimmed()}
	oldest, newest := r.span(time.Now())
	r.body = r.body[:0]
	for i, row := range b.Rows() {
		switch {
		case row.Time < oldest:
			added.TooOld++
			continue
		case row.Time > newest:
			added.TooNew++
			continue
		}
		added.Kept++
		if lacks != nil && !lacks[i] {
			continue
		}
		trimmed := r.line(idNumber(seq, i), row)
		added.add(trimmed)
		if len(r.body) >= bodyBytes {
			if err := r.insert(ctx); err != nil {
				return Added{}, err
			}
		}
	}
	if len(r.body) == 0 {
		return added, nil
	}
	return added, r.insert(ctx)
}

func (r *Remote) span(now time.Time) (oldest, newest int64) {
	newest = newestTime(now, r.opt.Future)
	if r.opt.Retention > 0 {
		oldest = max(0, startOfDay(now.Add(-r.opt.Retention)).UnixNano())
	}
	return oldest, newest
}

// line appends one row to the body, as a JSON object.
func (r *Remote) line(id uint64, row Row) (t Trimmed) {
	p := &r.row
	p.reset()
	dataset, trimmed := "", false
	for name, value := range row.Fields() {
		if name == Dataset {
			dataset = value
		}
		trimmed = trimmed || name == More || name == Cut
		p.add(name, value)
	}
	if now := time.Now(); now.Sub(r.began) > time.Minute { // what came before is long in parts of its own
		clear(r.names)
		r.began = now
	}
	set := r.names.of(dataset)
	if len(p.names) > r.opt.MaxFields-8 {
		t.Folded += p.foldAfter(r.opt.MaxFields - 8)
	}
	if !set.take(p.names) {
		t.Folded += set.fold(p)
	}
	start := len(r.body)
	for limit := r.opt.MaxLine / 2; ; limit /= 2 {
		r.object(id, row.Time, t.Cut)
		if len(r.body)-start < r.opt.MaxLine-64 || limit < 8 {
			break
		}
		r.body = r.body[:start]
		for i, v := range p.values {
			p.values[i] = clip(v, limit)
			t.Cut += int64(len(v) - len(p.values[i]))
		}
	}
	if (t.Folded > 0 || t.Cut > 0) && !trimmed {
		t.Rows = 1
	}
	return t
}

// object appends the row being made. For the server a time of 0 is the present, so that is one nanosecond later.
func (r *Remote) object(id uint64, at, cut int64) {
	b := append(r.body, `{"_time":"`...)
	b = time.Unix(0, max(at, 1)).UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","_id":"`...)
	b = strconv.AppendUint(b, id, 10)
	b = append(b, '"')
	message := false
	for i, n := range r.row.names {
		if n == Cut && cut > 0 {
			before, _ := strconv.ParseInt(r.row.values[i], 10, 64)
			cut += before
			continue
		}
		message = message || n == Message
		b = append(b, ',')
		b = appendJSON(b, n)
		b = append(b, ':')
		b = appendJSON(b, marked(r.row.values[i]))
	}
	if !message {
		b = append(b, `,"_msg":"`+noMessage+`"`...)
	}
	if cut > 0 {
		b = append(b, `,"_cut":"`...)
		b = strconv.AppendInt(b, cut, 10)
		b = append(b, '"')
	}
	r.body = append(b, '}', '\n')
}

// insert sends the body.
func (r *Remote) insert(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.opt.Timeout)
	defer cancel()
	resp, err := r.post(ctx, "/insert/jsonline?_stream_fields="+Dataset, "application/stream+json", bytes.NewReader(r.body))
	r.body = r.body[:0]
	if err != nil {
		var a *answerError
		if errors.As(err, &a) && (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable ||
			a.status == http.StatusInsufficientStorage) {
			return fmt.Errorf("add rows: %w: %w", ErrFull, err)
		}
		return fmt.Errorf("add rows: %w", err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("add rows: %w", err)
	}
	return nil
}

// note remembers what was added.
func (r *Remote) note(seq, rows uint64, now time.Time) {
	if seq < r.last { // rows that lacked: they are counted already
		return
	}
	r.last = seq + 1
	if n := len(r.sent); n > 0 && now.Sub(r.sent[n-1].at) < time.Second {
		r.sent[n-1].to, r.sent[n-1].rows = r.last, r.sent[n-1].rows+rows
		return
	}
	r.sent = append(r.sent, sent{at: now, from: seq, to: r.last, rows: rows})
}

// Lacks says which rows of a frame are not there; see Embedded.Lacks.
func (r *Remote) Lacks(ctx context.Context, seq uint64, b *Batch) ([]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &r.found
	if !f.read || seq < f.from || seq > f.to && seq < r.last {
		if err := pause(ctx, visible-time.Since(r.added)); err != nil {
			return nil, err
		}
		if err := f.load(ctx, r, seq, r.last); err != nil {
			return nil, fmt.Errorf("look for rows of frame %d: %w", seq, err)
		}
	}
	return f.lacks(seq, b.Len()), nil
}

// DurableBefore returns a sequence number: what was added with a lower one is certainly on the server's disk. A server
// writes within some seconds, and does not say when; so rows are counted once they are older than that. ErrLost: fewer are
// there than were taken, because the server ended in between; the caller adds again what lacks from the number on that
// came with the error. If then rows are missing still, the server does not keep them (its retention is shorter than the
// one given here): this is logged, and they are given up.
func (r *Remote) DurableBefore(ctx context.Context) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.sent) > 0 && time.Since(r.sent[0].at) > r.settle {
		s := r.sent[0]
		n, err := r.count(ctx, s.from, s.to)
		if err != nil {
			return r.before, fmt.Errorf("count rows: %w", err)
		}
		if n < s.rows {
			if s.to > r.again {
				r.lost()
				return s.from, ErrLost
			}
			r.opt.Log.Error("the event store server does not keep rows", "rows", s.rows-n, "of", s.rows)
		}
		r.before = s.to
		r.sent = r.sent[1:]
	}
	return r.before, nil
}

// lost begins to wait anew for all that was sent.
func (r *Remote) lost() {
	r.again = r.last
	r.found = found{}
	now := time.Now()
	for i := range r.sent {
		r.sent[i].at = now
	}
}

// count returns how many rows there are of frames from one to below another.
func (r *Remote) count(ctx context.Context, from, to uint64) (n uint64, err error) {
	logsql := fmt.Sprintf("%s:>=%d %s:<%d | stats count() n", ID, idNumber(from, 0), ID, idNumber(to, 0))
	err = r.scan(ctx, logsql, func(_ int, b *Block) {
		for _, v := range b.column("n") {
			n, _ = strconv.ParseUint(v, 10, 64)
		}
	})
	return n, err
}
