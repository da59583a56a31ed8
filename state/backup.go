package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/disk"
)

// A backup is a folder with a manifest, written last, and the content: of SQLite the file state.db, of PostgreSQL a file
// TABLE.jsonl for each table, a row to a line, as an object by the names of the columns. Either can be restored to either.
const (
	manifestName = "state.json"
	sqliteFile   = "state.db"
)

// Manifest says what is in a backup.
type Manifest struct {
	Format  int               `json:"format"` // 1
	Engine  string            `json:"engine"` // "sqlite" or "postgres"
	Version int64             `json:"version"`
	Audit   AuditHead         `json:"audit"`  // the head of the audit trail
	Rows    map[string]int64  `json:"rows"`   // of each table
	SHA256  map[string]string `json:"sha256"` // of each file, in hex
}

// tables are all tables, with the columns that their rows are in order of.
func tables() [][2]string {
	return [][2]string{{"hits", "key"}, {"hit_entities", "hit, value"}, {"hit_rules", "id, folded"}, {"facts", "name"}, {"alerts", "key"}, {"incidents", "key"}, {"incident_entities", "incident, value"}, {"silences", "id"}, {"cases", "key"}, {"actions", "key"}, {"outbox", "kind, key"}, {"identity", "kind, key"}, {"documents", "kind, key"}, {"audit", "seq"}}
}

// since is the version of the layout in which a table came.
func since(table string) int64 {
	switch table {
	case "alerts", "incidents", "incident_entities", "silences", "cases":
		return 3
	case "actions":
		return 4
	case "outbox":
		return 5
	case "identity":
		return 6
	case "documents":
		return 7
	}
	return 1
}

// tablesAt are the tables of a version of the layout. Later ones have the same columns in them.
func tablesAt(version int64) [][2]string {
	return slices.DeleteFunc(tables(), func(t [2]string) bool { return since(t[0]) > version })
}

// ErrDamaged is the error of Verify and Restore for what is not as it was written.
var ErrDamaged = errors.New("damaged")

// Backup writes all that is kept into a folder, as it is at one moment, while work goes on. The folder is made; it must not
// hold a backup yet. It is whole if Backup returns nil.
func (s *State) Backup(ctx context.Context, dir string) (Manifest, error) {
	m := Manifest{Format: 1, Engine: string(s.engine), Rows: make(map[string]int64), SHA256: make(map[string]string)}
	if err := s.backup(ctx, dir, &m); err != nil {
		return Manifest{}, fmt.Errorf("back up state %s to %s: %w", s.name, dir, err)
	}
	return m, nil
}

func (s *State) backup(ctx context.Context, dir string, m *Manifest) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, manifestName)); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("a backup is there already, or: %w", errors.Join(err, os.ErrExist))
	}
	var err error
	if s.engine == sqlite {
		err = s.vacuum(ctx, dir, m)
	} else {
		err = s.export(ctx, dir, m)
	}
	if err != nil {
		return err
	}
	for name := range m.SHA256 {
		if m.SHA256[name], err = hashFile(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return disk.ReplaceFrom(filepath.Join(dir, manifestName), 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// vacuum copies a SQLite file while it is in use (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
func (s *State) vacuum(ctx context.Context, dir string, m *Manifest) error {
	// A connection of its own: the copy takes long, and the one that writes is needed.
	db, err := sql.Open("sqlite", sqliteName(s.name, url.Values{"_pragma": {"busy_timeout(10000)"}}))
	if err != nil {
		return err
	}
	defer db.Close()
	path := filepath.Join(dir, sqliteFile)
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) // SQLite would make it readable to all
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", fresh); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	m.SHA256[sqliteFile] = ""
	copied, err := openCopy(path)
	if err != nil {
		return err
	}
	defer copied.Close()
	return describe(ctx, copied, m)
}

// openCopy opens a SQLite file that nobody writes, and leaves nothing beside it.
func openCopy(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", sqliteName(abs, url.Values{"mode": {"ro"}, "immutable": {"1"}}))
}

// reader is what can be asked: a database or a transaction.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// describe fills in what a manifest says of the content.
func describe(ctx context.Context, r reader, m *Manifest) error {
	if err := r.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&m.Version); err != nil {
		return err
	}
	for _, t := range tablesAt(m.Version) {
		var n int64
		if err := r.QueryRowContext(ctx, "SELECT count(*) FROM "+t[0]).Scan(&n); err != nil {
			return fmt.Errorf("table %s: %w", t[0], err)
		}
		m.Rows[t[0]] = n
	}
	err := r.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&m.Audit.Seq, &m.Audit.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return err
}

// export writes a file for each table, all as of one moment.
func (s *State) export(ctx context.Context, dir string, m *Manifest) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	if err := describe(ctx, tx, m); err != nil {
		return err
	}
	for _, t := range tablesAt(m.Version) {
		name := t[0] + ".jsonl"
		m.SHA256[name] = ""
		err := disk.ReplaceFrom(filepath.Join(dir, name), 0o600, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			return eachRow(ctx, tx, t, func(columns []string, values []any) error {
				row := make(map[string]any, len(columns))
				for i, c := range columns {
					row[c] = values[i]
				}
				return enc.Encode(row)
			})
		})
		if err != nil {
			return fmt.Errorf("table %s: %w", t[0], err)
		}
	}
	return nil
}

// eachRow calls f with every row of a table; the values are valid during the call.
func eachRow(ctx context.Context, r reader, table [2]string, f func(columns []string, values []any) error) error {
	rows, err := r.QueryContext(ctx, "SELECT * FROM "+table[0]+" ORDER BY "+table[1])
	if err != nil {
		return err
	}
	types, err := rows.ColumnTypes()
	columns := make([]string, len(types))
	values := make([]any, len(types))
	places := make([]any, len(types))
	for i, t := range types {
		columns[i], places[i] = t.Name(), &values[i]
	}
	for err == nil && rows.Next() {
		if err = rows.Scan(places...); err != nil {
			break
		}
		for i, t := range types { // SQLite has numbers for truth
			if n, ok := values[i].(int64); ok && t.DatabaseTypeName() == "BOOLEAN" {
				values[i] = n != 0
			}
		}
		err = f(columns, values)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// Verify reads all that is kept and tells whether it is whole: the engine's own checks, and that what is kept twice
// agrees. The error is ErrDamaged if not. VerifyAudit is for what somebody may have changed on purpose.
func (s *State) Verify(ctx context.Context) error {
	var found []string
	if s.engine == sqlite {
		rows, err := s.read.QueryContext(ctx, "PRAGMA integrity_check")
		if err != nil {
			return fmt.Errorf("verify state %s: %w: %w", s.name, ErrDamaged, err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return fmt.Errorf("verify state %s: %w", s.name, errors.Join(err, rows.Close()))
			}
			if line != "ok" {
				found = append(found, line)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("verify state %s: %w: %w", s.name, ErrDamaged, err)
		}
	} else {
		for _, t := range tables() { // the server checks what it reads, if its checksums are on
			if err := eachRow(ctx, s.read, t, func([]string, []any) error { return nil }); err != nil {
				return fmt.Errorf("verify state %s: table %s: %w", s.name, t[0], err)
			}
		}
	}
	var orphans int64
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM hit_entities e WHERE NOT EXISTS (SELECT 1 FROM hits h WHERE h.key = e.hit)").Scan(&orphans)
	if err != nil {
		return fmt.Errorf("verify state %s: %w", s.name, err)
	}
	if orphans > 0 {
		found = append(found, fmt.Sprintf("%d entities belong to no hit", orphans))
	}
	if len(found) > 0 {
		return fmt.Errorf("verify state %s: %w: %s", s.name, ErrDamaged, strings.Join(found, "; "))
	}
	return nil
}

// hashFile returns the SHA-256 of a file's content, in hex.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sorted are the names in a map, in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
