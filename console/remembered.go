package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Answers of what acts are kept in the tenant's state as well, so that a restart between two tries does nothing twice.
const (
	answerKind    = "answer"
	maxRemembered = 64 << 10 // bytes of one; a longer one is known until a restart
)

// remembered is an answer as it is kept in the state.
type remembered struct {
	Asked  []byte `json:"asked"`
	Status int    `json:"status"`
	Media  string `json:"media"`
	Body   []byte `json:"body"`
}

// lasting tells whether the answers of an operation outlive the process: of what acts and decides within a tenant. What makes
// a secret, such as a token, is not among them: its answer must not lie about.
func lasting(op *Operation, t *Tenant) bool {
	if t == nil || t.State == nil || op.Whole {
		return false
	}
	switch part, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/"); part {
	case "actions", "incidents", "cases", "silences", "exposure", "prevent", "searches":
		return true
	}
	return false
}

// keyOf is the name of an answer in the state.
func (k *kept) keyOf() string {
	sum := sha256.Sum256([]byte(k.name))
	return hex.EncodeToString(sum[:])
}

// recall fills in what was answered before the process was started, and tells whether there was such an answer.
func (a *API) recall(ctx context.Context, t *Tenant, op *Operation, k *kept) bool {
	if !lasting(op, t) {
		return false
	}
	d, err := t.State.Document(ctx, answerKind, k.keyOf())
	if err != nil || time.Since(time.Unix(0, d.Updated)) > answersLive {
		return false // what the state cannot say now, it cannot do now either
	}
	var r remembered
	if json.Unmarshal([]byte(d.JSON), &r) != nil || len(r.Asked) != len(k.asked) {
		return false
	}
	a.answers.fill(k, &r)
	return true
}

// fill makes an answer of a remembered one, if that was to the same request.
func (a *answers) fill(k *kept, r *remembered) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k.other = k.asked != [sha256.Size]byte(r.Asked); k.other {
		a.drop(k)
	} else {
		k.good, k.status, k.media, k.body = true, r.Status, r.Media, r.Body
		a.bytes += len(k.body)
	}
	close(k.done)
}

// remember keeps an answer for who asks again after a restart. That it could not be kept does not undo what was done.
func (a *API) remember(ctx context.Context, t *Tenant, op *Operation, k *kept) {
	if !k.good || !lasting(op, t) || len(k.body) > maxRemembered {
		return
	}
	text, err := json.Marshal(remembered{k.asked[:], k.status, k.media, k.body})
	if err == nil {
		now := time.Now()
		d := state.Document{Kind: answerKind, Key: k.keyOf(), Updated: now.UnixNano(), JSON: string(text)}
		err = t.State.Remember(context.WithoutCancel(ctx), d, now.Add(-answersLive).UnixNano())
	}
	if err != nil && a.server.Log != nil {
		a.server.Log.Warn("an answer is known until the next start only", "operation", op.Path, "error", err)
	}
}
