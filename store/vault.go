package store

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/cgroup"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logstorage"
)

// The engine is VictoriaLogs' storage (lib/logstorage). This is the only file that knows it.

// always is longer than any retention: the engine never removes a day by itself, neither when it is opened nor when the
// clock jumps. What is too old is removed by this package, which does not trust the clock alone.
const always = 100 * 365 * 24 * time.Hour

// flushInterval is how often the engine writes to disk what is older than that in memory.
const flushInterval = 5 * time.Second

// vault is one open directory of the engine. Its methods may be called from many goroutines, close only when no other
// call is under way.
type vault struct {
	dir     string
	storage *logstorage.Storage
	rows    *logstorage.LogRows
	fields  []logstorage.Field
	stream  [1]logstorage.Field
}

// library is what the engine's library has once for the whole process.
var library struct {
	once  sync.Once
	words lastWords
}

// prepare sets what the engine's library has for the whole process: it reads its settings from the command line's flags,
// which are not ours, and logs in its own way. The first store that is opened decides.
func prepare(memory int64, log *slog.Logger) {
	library.once.Do(func() {
		if !flag.Parsed() {
			_ = flag.CommandLine.Parse(nil)
		}
		if memory > 0 {
			_ = flag.Set("memory.allowedBytes", strconv.FormatInt(memory, 10))
		}
		_ = flag.Set("fs.disableMmap", "true") // mapped files count as memory of the process
		_ = flag.Set("loggerLevel", "WARN")
		_ = flag.Set("loggerDisableTimestamps", "true")
		logger.SetOutputForTests(&engineLog{log: log})
	})
}

// engineLog takes what the engine's library logs, and remembers what it died of.
type engineLog struct{ log *slog.Logger }

// Write takes one message: level, place and text, with tabs between.
func (l *engineLog) Write(p []byte) (int, error) {
	level, rest, _ := strings.Cut(string(bytes.TrimSpace(p)), "\t")
	place, text, _ := strings.Cut(rest, "\t")
	switch level {
	case "warn":
		l.log.Warn("event engine", "at", place, "says", text)
	case "panic", "fatal":
		library.words.keep(text, time.Now())
		l.log.Error("event engine", "at", place, "says", text)
	default:
		l.log.Error("event engine", "at", place, "says", text)
	}
	return len(p), nil
}

// openVault opens a directory, which must be sound: the engine ends the process over one that is not.
func openVault(dir string, opt Options) (v *vault, err error) {
	library.words.open(dir)
	defer func() {
		if r := recover(); r != nil {
			library.words.close(dir)
			v, err = nil, fmt.Errorf("open %s: %v", dir, r)
		}
	}()
	return &vault{
		dir: dir,
		storage: logstorage.MustOpenStorage(dir, &logstorage.StorageConfig{
			Retention:             always,
			FutureRetention:       always,
			FlushInterval:         opt.flush,
			MinFreeDiskSpaceBytes: opt.MinFree,
		}),
		rows: logstorage.GetLogRows(nil, nil, nil, nil, ""),
	}, nil
}

func (v *vault) close() {
	v.storage.MustClose()
	library.words.close(v.dir)
}

// full says whether the disk has less room than it must have.
func (v *vault) full() bool { return v.storage.IsReadOnly() }

// begin empties the row being made.
func (v *vault) begin() { v.fields = v.fields[:0] }

// field adds a field to the row being made. name and value must stay valid until end.
func (v *vault) field(name, value string) {
	v.fields = append(v.fields, logstorage.Field{Name: name, Value: value})
}

// end adds the row being made. It copies what it needs.
func (v *vault) end(time int64, dataset string) {
	v.stream[0] = logstorage.Field{Name: Dataset, Value: dataset}
	v.rows.MustAdd(logstorage.TenantID{}, time, v.fields, v.stream[:])
	if v.rows.NeedFlush() {
		v.send()
	}
}

// send hands the rows added to the engine.
func (v *vault) send() {
	if v.rows.RowsCount() > 0 {
		v.storage.MustAddRows(v.rows)
		v.rows.ResetKeepSettings()
	}
}

// reveal makes all rows visible for queries. It does not write them to disk.
func (v *vault) reveal() { v.storage.DebugFlush() }

// vaultStats says what is in a vault.
type vaultStats struct {
	rows, memory uint64 // all rows, and those that are not on disk yet
	bytes        uint64 // on disk
	days         uint64
	merging      bool
}

func (v *vault) stats() vaultStats {
	var s logstorage.StorageStats
	v.storage.UpdateStats(&s)
	return vaultStats{
		rows:    s.RowsCount(),
		memory:  s.InmemoryRowsCount,
		bytes:   s.CompressedSmallPartSize + s.CompressedBigPartSize + s.IndexdbSizeBytes,
		days:    s.PartitionsCount,
		merging: s.InmemoryActiveMerges+s.SmallPartActiveMerges+s.BigPartActiveMerges > 0,
	}
}

// merge writes what a day holds into as few parts as it can, all of it on disk.
func (v *vault) merge(day string) { v.storage.MustForceMerge(day) }

func engineWorkers() int { return cgroup.AvailableCPUs() }

// scan runs a query; see engine.
func (v *vault) scan(ctx context.Context, logsql string, yield func(worker int, b *Block)) error {
	q, err := logstorage.ParseQuery(logsql)
	if err != nil {
		return fmt.Errorf("query the engine: %w", err)
	}
	blocks := make([]Block, engineWorkers())
	err = v.storage.RunQuery(ctx, []logstorage.TenantID{{}}, q, func(worker uint, db *logstorage.DataBlock) {
		b := &blocks[worker]
		b.Names, b.Columns, b.Rows = b.Names[:0], b.Columns[:0], db.RowsCount()
		for _, c := range db.Columns {
			b.Names = append(b.Names, c.Name)
			b.Columns = append(b.Columns, unmarked(c.Values))
		}
		if b.Rows > 0 && ctx.Err() == nil {
			yield(int(worker), b)
		}
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return fmt.Errorf("query the engine: %w", err)
	}
	return nil
}
