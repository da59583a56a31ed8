package state

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tocsin-sec/tocsin/disk"
)

// Restore makes a state at a place, as Open takes it, of a backup. Nothing may be kept there yet. The backup is checked
// before, and the audit trail after. Between SQLite and PostgreSQL it moves a state from one to the other.
func Restore(ctx context.Context, dir, place string, opt Options) (Manifest, error) {
	m, err := readManifest(dir)
	if err == nil {
		err = restore(ctx, dir, place, opt, &m)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("restore state from %s: %w", dir, err)
	}
	return m, nil
}

// readManifest reads a backup's manifest and checks the files that it names.
func readManifest(dir string) (Manifest, error) {
	var m Manifest
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w: %w", manifestName, ErrDamaged, err)
	}
	if m.Format != 1 {
		return m, fmt.Errorf("%w: the backup's format is %d", ErrNewer, m.Format)
	}
	want := []string{sqliteFile}
	if m.Engine == string(postgres) {
		want = nil
		for _, t := range tablesAt(m.Version) {
			want = append(want, t[0]+".jsonl")
		}
		slices.Sort(want)
	}
	if !slices.Equal(sorted(m.SHA256), want) {
		return m, fmt.Errorf("%s: %w: it does not name the files of a backup", manifestName, ErrDamaged)
	}
	for _, name := range want {
		sum, err := hashFile(filepath.Join(dir, name))
		if err != nil {
			return m, err
		}
		if sum != m.SHA256[name] {
			return m, fmt.Errorf("%s: %w: its hash is another one than %s states", name, ErrDamaged, manifestName)
		}
	}
	return m, nil
}

func restore(ctx context.Context, dir, place string, opt Options, m *Manifest) error {
	if m.Engine != string(sqlite) || IsPostgres(place) {
		return refill(ctx, dir, place, opt, m)
	}
	if err := copySQLite(dir, place); err != nil {
		return err
	}
	err := refill(ctx, dir, place, opt, m)
	if err != nil { // what was put there is not to be taken for a state
		for _, beside := range []string{"", "-wal", "-shm"} {
			if remove := os.Remove(place + beside); remove != nil && !errors.Is(remove, os.ErrNotExist) {
				err = errors.Join(err, remove)
			}
		}
	}
	return err
}

// refill puts in what is not there yet, and checks all.
func refill(ctx context.Context, dir, place string, opt Options, m *Manifest) error {
	s, err := Open(ctx, place, opt)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, dir, m); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := s.Verify(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	if head, err := s.VerifyAudit(ctx, m.Audit); err != nil || head != m.Audit {
		return errors.Join(fmt.Errorf("%w: the audit trail ends at entry %d", ErrDamaged, head.Seq), err, s.Close())
	}
	return s.Close()
}

// copySQLite puts the file of a backup where there is none.
func copySQLite(dir, place string) error {
	for _, beside := range []string{"", "-wal", "-shm"} {
		if _, err := os.Lstat(place + beside); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is there already, or: %w", place+beside, errors.Join(err, os.ErrExist))
		}
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return err
	}
	from, err := os.Open(filepath.Join(dir, sqliteFile))
	if err != nil {
		return err
	}
	defer from.Close()
	return disk.ReplaceFrom(place, 0o600, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// fill puts the rows of a backup into an empty state, all or none.
func (s *State) fill(ctx context.Context, dir string, m *Manifest) error {
	have, err := s.version(ctx)
	if err != nil {
		return err
	}
	if m.Version > have {
		return fmt.Errorf("%w: the backup's layout is version %d, this one knows up to %d", ErrNewer, m.Version, have)
	}
	if m.Engine == string(sqlite) && s.engine == sqlite {
		return nil // the file was copied
	}
	var from *sql.DB
	if m.Engine == string(sqlite) {
		if from, err = openCopy(filepath.Join(dir, sqliteFile)); err != nil {
			return err
		}
		defer from.Close()
		var is int64
		if err := from.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&is); err != nil || is != m.Version {
			return errors.Join(fmt.Errorf("%w: the layout of %s is version %d, and %s says %d", ErrDamaged, sqliteFile, is, manifestName, m.Version), err)
		}
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		older := tablesAt(m.Version)
		for _, t := range tables() {
			var n int64
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+t[0]).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("%s: table %s is not empty: %w", s.name, t[0], os.ErrExist)
			}
			if !slices.Contains(older, t) {
				continue // nobody knew of it then
			}
			in := &filler{tx: tx, table: t[0]}
			if from != nil {
				err = eachRow(ctx, from, t, func(columns []string, values []any) error { return in.put(ctx, columns, values) })
			} else {
				err = eachLine(filepath.Join(dir, t[0]+".jsonl"), func(columns []string, values []any) error {
					return in.put(ctx, columns, values)
				})
			}
			if err == nil && in.rows != m.Rows[t[0]] {
				err = fmt.Errorf("%w: %d rows of %d", ErrDamaged, in.rows, m.Rows[t[0]])
			}
			if err != nil {
				return fmt.Errorf("table %s: %w", t[0], err)
			}
		}
		return nil
	})
}

// filler puts rows into a table one by one.
type filler struct {
	tx      *sql.Tx
	table   string
	known   []string
	columns []string
	insert  *sql.Stmt
	rows    int64
}

func (f *filler) put(ctx context.Context, columns []string, values []any) error {
	if f.insert == nil || !slices.Equal(columns, f.columns) {
		if err := f.prepare(ctx, columns); err != nil {
			return err
		}
	}
	f.rows++
	_, err := f.insert.ExecContext(ctx, values...)
	return err
}

// prepare makes the statement for rows with these columns, which must be the table's.
func (f *filler) prepare(ctx context.Context, columns []string) error {
	if f.known == nil {
		rows, err := f.tx.QueryContext(ctx, "SELECT * FROM "+f.table+" LIMIT 0")
		if err != nil {
			return err
		}
		f.known, err = rows.Columns()
		if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	q := query{}
	q.text("INSERT INTO " + f.table + " (")
	for i, c := range columns {
		if !slices.Contains(f.known, c) {
			return fmt.Errorf("%w: there is no column %.80q", ErrDamaged, c)
		}
		if i > 0 {
			q.text(", ")
		}
		q.text(c)
	}
	q.text(") VALUES ")
	q.row(make([]any, len(columns))...)
	var err error
	if f.insert != nil {
		err = f.insert.Close()
	}
	f.columns = slices.Clone(columns)
	insert, prepared := f.tx.PrepareContext(ctx, q.sql())
	f.insert = insert
	return errors.Join(err, prepared)
}

// eachLine calls f with the rows of a table's file.
func eachLine(path string, f func(columns []string, values []any) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	d := json.NewDecoder(bufio.NewReaderSize(file, 1<<16))
	for n := 1; ; n++ {
		var line json.RawMessage
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("row %d: %w: %w", n, ErrDamaged, err)
		}
		columns, values, err := parseRow(line)
		if err != nil {
			return fmt.Errorf("row %d: %w: %w", n, ErrDamaged, err)
		}
		if err := f(columns, values); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
}

func parseRow(line []byte) (columns []string, values []any, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber() // floating point has not enough digits
	var row map[string]any
	if err := d.Decode(&row); err != nil {
		return nil, nil, err
	}
	columns = sorted(row)
	for _, c := range columns {
		v := row[c]
		if n, ok := v.(json.Number); ok {
			if v, err = n.Int64(); err != nil {
				return nil, nil, err
			}
		}
		values = append(values, v)
	}
	return columns, values, nil
}
