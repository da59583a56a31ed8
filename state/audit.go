package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// AuditEntry is something that somebody did. Seq, Prev and Hash are given by Append.
type AuditEntry struct {
	Seq    int64 // from 1, without a gap
	Time   int64
	Actor  string // who: a user, or a part of the program
	Action string // what was done
	Target string // to what
	Detail string // a JSON value, or ""
	Prev   string // Hash of the entry before; of the first entry ""
	Hash   string // SHA-256 in hex over Prev and all of the above
}

// canonical is what an entry's hash is over: each part as its length in bytes, ":", itself and "\n"; the numbers in decimal.
func (e *AuditEntry) canonical() []byte {
	b := []byte("tocsin audit 1\n")
	for _, part := range []string{
		e.Prev, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(e.Time, 10), e.Actor, e.Action, e.Target, e.Detail,
	} {
		b = strconv.AppendInt(b, int64(len(part)), 10)
		b = append(b, ':')
		b = append(b, part...)
		b = append(b, '\n')
	}
	return b
}

func (e *AuditEntry) sum() string {
	sum := sha256.Sum256(e.canonical())
	return hex.EncodeToString(sum[:])
}

const (
	auditColumns = "seq, at, actor, action, target, detail, prev, hash"
	insertAudit  = "INSERT INTO audit (" + auditColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)

// appendPatience is how long an entry of the audit trail may take to be written.
const appendPatience = 30 * time.Second

// Append adds an entry to the audit trail and returns it with its number and hash. What has happened is written down even if
// whoever asked for it has gone meanwhile: the end of ctx does not end it.
func (s *State) Append(ctx context.Context, e AuditEntry) (AuditEntry, error) {
	if e.Detail != "" && !json.Valid([]byte(e.Detail)) {
		return AuditEntry{}, fmt.Errorf("append to the audit trail: the detail of %q is not JSON", e.Action)
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), appendPatience)
	defer done()
	e.Actor, e.Action, e.Target, e.Detail = text(e.Actor), text(e.Action), text(e.Target), text(e.Detail)
	add := func(tx *sql.Tx) error {
		var last AuditHead
		err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&last.Seq, &last.Hash)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		e.Seq, e.Prev = last.Seq+1, last.Hash
		e.Hash = e.sum()
		_, err = tx.ExecContext(ctx, insertAudit, e.Seq, e.Time, e.Actor, e.Action, e.Target, e.Detail, e.Prev, e.Hash)
		return err
	}
	err := s.tx(ctx, add)
	for try := 0; isConflict(err) && try < 100; try++ { // somebody else was the first to take the number
		err = s.tx(ctx, add)
	}
	if err != nil {
		return AuditEntry{}, fmt.Errorf("append to the audit trail: %w", err)
	}
	return e, nil
}

// AuditHead is the last entry at some time. Kept elsewhere, it proves that the trail up to it has not been changed since.
type AuditHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// AuditHead returns the head of the trail, the zero value if it is empty.
func (s *State) AuditHead(ctx context.Context) (AuditHead, error) {
	var h AuditHead
	err := s.read.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&h.Seq, &h.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return AuditHead{}, fmt.Errorf("head of the audit trail: %w", err)
	}
	return h, nil
}

// AuditFilter says which entries are meant; the zero value means all.
type AuditFilter struct {
	Since, Until          int64 // Time is in [Since, Until); 0 means no bound
	Actor, Action, Target string
	After                 int64 // entries with a higher Seq only
	Before                int64 // entries with a lower Seq only; 0 means no bound
	Newest                bool  // the last first
	Limit                 int   // at most so many; 0 means no bound
}

// ListAudit returns entries of the audit trail in their order, or the last first. The sequence ends at the first error.
func (s *State) ListAudit(ctx context.Context, f AuditFilter) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		for left := f.Limit; ; {
			want := pageRows
			if f.Limit > 0 {
				want = min(left, pageRows)
			}
			page, err := s.auditPage(ctx, f, want)
			if err != nil {
				yield(AuditEntry{}, fmt.Errorf("list the audit trail: %w", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if left -= len(page); len(page) < want || f.Limit > 0 && left == 0 {
				return
			}
			if last := page[len(page)-1].Seq; f.Newest {
				f.Before = last
			} else {
				f.After = last
			}
		}
	}
}

func (s *State) auditPage(ctx context.Context, f AuditFilter, limit int) ([]AuditEntry, error) {
	q := query{}
	q.text("SELECT " + auditColumns + " FROM audit WHERE seq > ")
	q.arg(f.After)
	for _, c := range []struct {
		condition string
		value     any
		given     bool
	}{
		{"seq < ", f.Before, f.Before != 0},
		{"at >= ", f.Since, f.Since != 0},
		{"at < ", f.Until, f.Until != 0},
		{"actor = ", f.Actor, f.Actor != ""},
		{"action = ", f.Action, f.Action != ""},
		{"target = ", f.Target, f.Target != ""},
	} {
		if c.given {
			q.text(" AND " + c.condition)
			q.arg(c.value)
		}
	}
	if f.Newest {
		q.text(" ORDER BY seq DESC LIMIT ")
	} else {
		q.text(" ORDER BY seq LIMIT ")
	}
	q.arg(int64(limit))
	rows, err := s.read.QueryContext(ctx, q.sql(), q.args...)
	if err != nil {
		return nil, err
	}
	var page []AuditEntry
	for rows.Next() {
		var e AuditEntry
		if err := rows.Scan(&e.Seq, &e.Time, &e.Actor, &e.Action, &e.Target, &e.Detail, &e.Prev, &e.Hash); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		page = append(page, e)
	}
	return page, errors.Join(rows.Err(), rows.Close())
}

// AuditError says where the audit trail is not as it was written.
type AuditError struct {
	Seq    int64 // of the first entry that is broken or missing
	Reason string
}

func (e *AuditError) Error() string {
	return fmt.Sprintf("the audit trail is broken at entry %d: %s", e.Seq, e.Reason)
}

// VerifyAudit reads the whole audit trail and returns its head. The error is an *AuditError if an entry was changed, taken
// out or put in. That entries were cut off at the end, or all written anew, only heads that were kept elsewhere can tell:
// each of them must be in the trail.
func (s *State) VerifyAudit(ctx context.Context, heads ...AuditHead) (AuditHead, error) {
	kept := make(map[int64]string, len(heads))
	for _, h := range heads {
		if other, ok := kept[h.Seq]; ok && other != h.Hash {
			return AuditHead{}, &AuditError{h.Seq, "two heads that were kept contradict each other"}
		}
		if h.Seq > 0 {
			kept[h.Seq] = h.Hash
		}
	}
	var head AuditHead
	for e, err := range s.ListAudit(ctx, AuditFilter{}) {
		switch {
		case err != nil:
			return head, err
		case e.Seq != head.Seq+1:
			return head, &AuditError{head.Seq + 1, "it is missing"}
		case e.Prev != head.Hash:
			return head, &AuditError{e.Seq, "it does not follow the entry before it"}
		case e.Hash != e.sum():
			return head, &AuditError{e.Seq, "it was changed"}
		}
		if hash, ok := kept[e.Seq]; ok && hash != e.Hash {
			return head, &AuditError{e.Seq, "it is another one than that whose hash was kept"}
		}
		head = AuditHead{e.Seq, e.Hash}
	}
	for _, h := range heads {
		if h.Seq > head.Seq {
			return head, &AuditError{head.Seq + 1, fmt.Sprintf("it is missing, and so are all up to entry %d at least", h.Seq)}
		}
	}
	return head, nil
}
