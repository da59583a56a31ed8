package identity

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"
)

// How guessing is slowed down. Who is refused is told when to come back. Nothing here locks an account: what is counted by
// account alone only makes strangers wait a moment, so that nobody can keep the owner out.
const (
	freeTries    = 5  // of one account from one address
	freeAddress  = 20 // of one address, whatever the account
	freeAccount  = 20 // of one account, from wherever
	firstPause   = 2 * time.Second
	longestPause = 15 * time.Minute
	longestDelay = 2 * time.Second
	forgetAfter  = 24 * time.Hour
	maxTries     = 50_000 // that are remembered; the table begins anew when it is full of fresh ones
)

// TooMany is the error of who has to wait.
type TooMany struct {
	Wait time.Duration
}

func (e *TooMany) Error() string {
	return fmt.Sprintf("too many failed log-ins; try again in %s", e.Wait.Round(time.Second))
}

// tries remembers failed log-ins.
type tries struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]*failures
}

type failures struct {
	count int
	last  time.Time
}

func newTries(now func() time.Time) *tries { return &tries{now: now, seen: make(map[string]*failures)} }

// network is what one attacker has many addresses of: of IPv6 a /64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}

// pause says how long one must wait after so many failures beyond the free ones.
func pause(count, free int) time.Duration {
	if count < free {
		return 0
	}
	return min(time.Duration(float64(firstPause)*math.Pow(2, float64(min(count-free, 30)))), longestPause)
}

func keysOf(account, address string) (pair, from, to string) {
	n := network(address)
	return "p " + n + " " + account, "a " + n, "u " + account
}

// enter says whether a log-in may be tried now: the error is a *TooMany. delay is how long it must be waited before, for an
// account that many guess at, by an address that it is not known from.
func (t *tries) enter(account, address string, known bool) (delay time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	pair, from, to := keysOf(account, address)
	left := func(key string, free int) time.Duration {
		f := t.seen[key]
		if f == nil {
			return 0
		}
		return f.last.Add(pause(f.count, free)).Sub(now)
	}
	if wait := max(left(pair, freeTries), left(from, freeAddress)); wait > 0 {
		return 0, &TooMany{Wait: wait}
	}
	if f := t.seen[to]; f != nil && !known && f.count >= freeAccount && now.Sub(f.last) < longestPause {
		delay = min(time.Duration(f.count-freeAccount+1)*100*time.Millisecond, longestDelay)
	}
	return delay, nil
}

// failed counts a failed log-in.
func (t *tries) failed(account, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.seen) > maxTries {
		t.tidy(now)
	}
	pair, from, to := keysOf(account, address)
	for _, key := range []string{pair, from, to} {
		f := t.seen[key]
		if f == nil || now.Sub(f.last) > forgetAfter {
			f = &failures{}
			t.seen[key] = f
		}
		f.count, f.last = f.count+1, now
	}
}

// worked forgets the failures of an account from an address. Those of the address stay: else one own account would make
// guessing at others free.
func (t *tries) worked(account, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pair, _, _ := keysOf(account, address)
	delete(t.seen, pair)
}

// tidy drops what is old; if that is not enough, whoever has failed only a few times.
func (t *tries) tidy(now time.Time) {
	for _, few := range []int{0, freeTries, math.MaxInt} {
		for key, f := range t.seen {
			if now.Sub(f.last) > forgetAfter || f.count <= few && few > 0 {
				delete(t.seen, key)
			}
		}
		if len(t.seen) < maxTries*3/4 {
			return
		}
	}
}
