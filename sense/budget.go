package sense

import "github.com/tocsin-sec/tocsin/pack"

// budget decides which novelties are told: at most so many a day, the strangest. As a day's strangest is known only when
// it is over, a novelty is told at once if it is stranger than what, by the days before, leaves as many a day as may be
// told. Days are those of the events (UTC).
type budget struct {
	most  int
	day   int64               // counted since 1970
	told  int                 // on that day
	held  int64               // not told, ever
	today int64               // not told on that day
	seen  [budgetBins]float64 // how many there were of each strangeness, by half bits, older days counting less
	now   [budgetBins]float32 // today
	days  float64
}

const (
	budgetBins  = 64
	leastBits   = 6.5  // what is less strange is never told: one in 90
	veryStrange = 12.0 // what is more is told as long as there is room
	budgetFade  = 0.9  // by the day
)

// takes decides whether a novelty of so many bits is told.
func (b *budget) takes(t int64, bits float64) bool {
	if day := t / nsDay; day > b.day {
		b.turn(day)
	}
	if bits < leastBits {
		return false
	}
	bin := min(int(bits*2), budgetBins-1)
	b.now[bin]++
	if b.most < 0 || b.told >= b.most || bits < veryStrange && bits < b.threshold() {
		b.held++
		b.today++
		return false
	}
	b.told++
	return true
}

// threshold is how strange a novelty must be so that about as many a day pass as may.
func (b *budget) threshold() float64 {
	if b.days < 1 {
		return leastBits
	}
	left := float64(b.most) * b.days
	for i := budgetBins - 1; i >= 0; i-- {
		if left -= b.seen[i]; left < 0 {
			return float64(i+1) / 2
		}
	}
	return leastBits
}

// turn begins a day.
func (b *budget) turn(day int64) {
	if b.day != 0 {
		for range min(day-b.day, 60) {
			for i := range b.seen {
				b.seen[i] = b.seen[i]*budgetFade + float64(b.now[i])
			}
			b.days = b.days*budgetFade + 1
			b.now = [budgetBins]float32{}
		}
	}
	b.now, b.day, b.told, b.today = [budgetBins]float32{}, day, 0, 0
}

// Suppressed is how many novelties were not told as there were stranger ones.
type Suppressed struct {
	Today int64 `json:"today"` // of the last day that was seen
	Total int64 `json:"total"`
}

// Suppressed returns how many novelties were not told for want of room in the day's budget.
func (s *Detectors) Suppressed() Suppressed {
	return Suppressed{Today: s.budget.today, Total: s.budget.held}
}

func (b *budget) save(w *pack.Packer) {
	w.Signed(b.day)
	w.Number(b.told)
	w.Signed(b.held)
	w.Signed(b.today)
	w.Float(b.days)
	for i := range b.seen {
		w.Float(b.seen[i])
		w.Float(float64(b.now[i]))
	}
}

func (b *budget) load(u *pack.Unpacker) {
	b.day, b.told, b.held, b.today, b.days = u.Signed(), u.Number(1<<30), u.Signed(), u.Signed(), u.Float()
	for i := range b.seen {
		b.seen[i], b.now[i] = u.Float(), float32(u.Float())
	}
}
