package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rowSum is the sum of one row, with what it is ordered by.
type rowSum struct {
	minute int32
	id     uint64
	sum    [sha256.Size]byte
}

// sliceRows is how many rows are summed at once, where minutes are not larger: some 20 MB.
const sliceRows = 300_000

// daySum is the sum of the rows of a day.
type daySum struct {
	sum  string
	rows uint64
	last uint64 // largest identifier
}

// digest sums the rows of a day whose identifiers are below through; see Manifest.
func digest(ctx context.Context, in scanner, day string, through uint64) (daySum, error) {
	start, err := time.Parse(dayFormat, day)
	if err != nil {
		return daySum{}, fmt.Errorf("sum of day: %w", err)
	}
	counts, err := minutes(ctx, in, start)
	if err != nil {
		return daySum{}, fmt.Errorf("sum of day %s: %w", day, err)
	}
	var s daySum
	h := sha256.New()
	for from := 0; from < len(counts); {
		to, n := from, 0
		for to < len(counts) && (to == from || n+counts[to] <= sliceRows) {
			n += counts[to]
			to++
		}
		if n > 0 {
			sums, err := slice(ctx, in, start.Add(time.Duration(from)*time.Minute), to-from, through)
			if err != nil {
				return daySum{}, fmt.Errorf("sum of day %s: %w", day, err)
			}
			for i := range sums {
				h.Write(sums[i].sum[:])
				s.last = max(s.last, sums[i].id)
			}
			s.rows += uint64(len(sums))
		}
		from = to
	}
	s.sum = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// timeSpan is the filter for some time.
func timeSpan(from time.Time, minutes int) string {
	to := from.Add(time.Duration(minutes) * time.Minute)
	return "_time:[" + from.Format(time.RFC3339) + ", " + to.Format(time.RFC3339) + ")"
}

// minutes returns how many rows a day has, by minute.
func minutes(ctx context.Context, in scanner, start time.Time) ([]int, error) {
	counts := make([]int, 24*60)
	var mu sync.Mutex
	err := in.scan(ctx, timeSpan(start, len(counts))+" | stats by (_time:1m) count() n", func(_ int, b *Block) {
		mu.Lock()
		defer mu.Unlock()
		times, n := b.column(Time), b.column("n")
		for r := range b.Rows {
			if i := minuteOf(times[r]); i >= 0 && int(i) < len(counts) {
				count, _ := strconv.Atoi(n[r])
				counts[i] += count
			}
		}
	})
	return counts, err
}

// column returns the values of a column; empty ones where it is not there.
func (b *Block) column(name string) []string {
	if i := slices.Index(b.Names, name); i >= 0 {
		return b.Columns[i]
	}
	return make([]string, b.Rows)
}

// minuteOf returns the minute of the day of a time as the engine writes it; -1 for what is no time.
func minuteOf(t string) int32 {
	if len(t) < 16 {
		return -1
	}
	h, err1 := strconv.Atoi(t[11:13])
	m, err2 := strconv.Atoi(t[14:16])
	if err1 != nil || err2 != nil {
		return -1
	}
	return int32(h*60 + m)
}

// slice returns the sums of the rows of some minutes, in order.
func slice(ctx context.Context, in scanner, from time.Time, n int, through uint64) ([]rowSum, error) {
	var mu sync.Mutex
	var all []rowSum
	err := in.scan(ctx, timeSpan(from, n), func(_ int, b *Block) {
		sums := blockSums(b, through)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, sums...)
	})
	slices.SortFunc(all, func(a, b rowSum) int {
		switch {
		case a.minute != b.minute:
			return int(a.minute - b.minute)
		case a.id < b.id:
			return -1
		case a.id > b.id:
			return 1
		}
		return bytes.Compare(a.sum[:], b.sum[:])
	})
	return all, err
}

// blockSums returns the sums of the rows of a block whose identifiers are below through.
func blockSums(b *Block, through uint64) []rowSum {
	order := make([]int, 0, len(b.Names))
	for i, n := range b.Names {
		if n != "_stream" && n != "_stream_id" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(b.Names[i], b.Names[j]) })
	times, ids := b.column(Time), b.column(ID)
	sums := make([]rowSum, 0, b.Rows)
	var buf []byte
	for r := range b.Rows {
		id, _ := strconv.ParseUint(ids[r], 10, 64) // rows that others wrote into the store have none
		if id >= through {
			continue
		}
		buf = buf[:0]
		for _, c := range order {
			v := b.Columns[c][r]
			if v == "" {
				continue
			}
			buf = binary.AppendUvarint(buf, uint64(len(b.Names[c])))
			buf = append(buf, b.Names[c]...)
			buf = binary.AppendUvarint(buf, uint64(len(v)))
			buf = append(buf, v...)
		}
		sums = append(sums, rowSum{minute: minuteOf(times[r]), id: id, sum: sha256.Sum256(buf)})
	}
	return sums
}
