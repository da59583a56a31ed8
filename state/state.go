// Package state keeps what is known beside the events: hits, alerts, incidents and cases, silences, actions, who may come in,
// the audit trail of people and actions, and small facts. It keeps it in a SQLite file or in PostgreSQL; the queries are the
// same, and so is what they answer.
//
// What a method has written is durable when it returns nil. Hits are upserts by key, so doing a thing twice changes
// nothing. The audit trail can only be appended to, and is chained by hashes. All times are nanoseconds since 1970 UTC.
//
// A State is safe for concurrent use. It reads in short transactions, a page at a time, so that a slow reader never
// holds up a writer or a checkpoint. It never keeps what it is handed; what it returns belongs to the caller. Texts are
// kept as UTF-8: bytes that are not, and NUL, become U+FFFD, because PostgreSQL takes neither.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lib/pq"
	sqlite3 "modernc.org/sqlite" // also the driver "sqlite"
)

// ErrNewer is the error of Open where a newer version of the program has changed the layout of what is kept.
var ErrNewer = errors.New("made by a newer version of tocsin")

// ErrNotFound is the error of a look-up that finds nothing.
var ErrNotFound = errors.New("not found")

// ErrFull is in the error of a method that could not write because the disk is full. Nothing of it stays behind, and later
// ones work when there is room again.
var ErrFull = errors.New("no room on the disk")

const (
	readers     = 4
	connections = 8 // to PostgreSQL
)

// Options says how a State is kept. The zero value is good.
type Options struct {
	// Schema is the PostgreSQL schema that holds the tables, made if it is missing; "" is the connection's own. So
	// several tenants share one database. SQLite has a file for each and ignores it.
	Schema string
}

// State is an open store of state.
type State struct {
	name   string // for errors; without a password
	engine engine
	write  *sql.DB
	read   *sql.DB
	queue  queue
}

type engine string

const (
	sqlite   engine = "sqlite"
	postgres engine = "postgres"
)

// IsPostgres tells whether a place as Open takes it means a PostgreSQL server.
func IsPostgres(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Open opens the state at a place, the path of a SQLite file or the URL of a PostgreSQL database
// (postgres://user:password@host:port/database, libpq's form), makes it if there is none, and brings its layout up to date.
// The error is ErrNewer if a newer version has been there.
func Open(ctx context.Context, place string, opt Options) (*State, error) {
	s, err := connect(ctx, place, opt)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open state %s: %w", s.name, err)
	}
	return s, nil
}

func connect(ctx context.Context, place string, opt Options) (*State, error) {
	if IsPostgres(place) {
		return connectPostgres(ctx, place, opt)
	}
	path, err := filepath.Abs(place)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", place, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	// SQLite would make the file readable to all.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	return connectSQLite(path)
}

// connectSQLite opens a SQLite file with one connection that writes and some that read.
func connectSQLite(path string) (*State, error) {
	s := &State{name: path, engine: sqlite}
	var err error
	// A transaction that writes takes its lock at once: one that read first could not be repeated for it.
	s.write, err = sql.Open("sqlite", sqliteName(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "journal_size_limit(67108864)", "cache_size(-8192)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	s.read, err = sql.Open("sqlite", sqliteName(path, url.Values{
		"_pragma":     {"busy_timeout(10000)", "cache_size(-2048)"},
		"_query_only": {"1"},
	}))
	if err != nil {
		_ = s.write.Close()
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s, nil
}

// sqliteName is a path as a URI of SQLite (https://www.sqlite.org/uri.html).
func sqliteName(path string, values url.Values) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: values.Encode()}).String()
}

func connectPostgres(ctx context.Context, place string, opt Options) (*State, error) {
	cfg, err := pq.NewConfig(place)
	if err != nil {
		// The error may have a part of the password in it.
		return nil, errors.New("open state: the address of the database cannot be read; it is written postgres://user@host:port/database")
	}
	s := &State{name: fmt.Sprintf("postgres://%s:%d/%s", cfg.Host, cfg.Port, cfg.Database), engine: postgres}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "tocsin"
	}
	if cfg.Runtime == nil {
		cfg.Runtime = make(map[string]string)
	}
	cfg.Runtime["synchronous_commit"] = "on"
	// A plan that was made when the tables were empty reads all of them for ever.
	cfg.Runtime["plan_cache_mode"] = "force_custom_plan"
	if opt.Schema != "" {
		cfg.Runtime["search_path"] = pq.QuoteIdentifier(opt.Schema)
	}
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", s.name, err)
	}
	s.write = sql.OpenDB(connector)
	s.write.SetMaxOpenConns(connections)
	s.write.SetMaxIdleConns(connections)
	s.read = s.write
	if opt.Schema != "" {
		if err := s.makeSchema(ctx, opt.Schema); err != nil {
			_ = s.write.Close()
			return nil, fmt.Errorf("open state %s: %w", s.name, err)
		}
	}
	return s, nil
}

// makeSchema makes a schema if it is missing; who may only use one that is there needs no right to make it.
func (s *State) makeSchema(ctx context.Context, schema string) error {
	var n int
	if err := s.write.QueryRowContext(ctx, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema).Scan(&n); err != nil || n > 0 {
		return err
	}
	_, err := s.write.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pq.QuoteIdentifier(schema))
	return err
}

// Close ends all connections. What was written is durable already.
func (s *State) Close() error {
	var err error
	if s.read != s.write {
		err = s.read.Close()
	}
	if s.engine == sqlite {
		// Lets the planner know how large tables have become (https://www.sqlite.org/pragma.html#pragma_optimize); of
		// no consequence if it cannot, for instance on a full disk.
		_, _ = s.write.Exec("PRAGMA optimize")
	}
	if closed := s.write.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("close state %s: %w", s.name, err)
	}
	return nil
}

// tx runs f in a transaction that may write.
func (s *State) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fullOr(err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the connection is dropped if even that cannot be done
		return fullOr(err)
	}
	return fullOr(tx.Commit())
}

// insist is tx, tried again where another process on the same database got in the way.
func (s *State) insist(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := s.tx(ctx, f)
	for try := 0; isConflict(err) && try < 10; try++ {
		err = s.tx(ctx, f)
	}
	return err
}

// fullOr adds ErrFull to the error of an engine that found no room: SQLITE_FULL, PostgreSQL's disk_full.
func fullOr(err error) error {
	var lite *sqlite3.Error
	var pg *pq.Error
	if errors.As(err, &lite) && lite.Code()&0xff == 13 || errors.As(err, &pg) && pg.Code == "53100" {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// isConflict tells that another process has taken a primary key (PostgreSQL's unique_violation), or that two transactions
// of PostgreSQL got into each other's way.
func isConflict(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "23505" || e.Code == "40001" || e.Code == "40P01")
}

// text makes a string fit for both engines.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
