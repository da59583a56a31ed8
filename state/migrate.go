package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// migrations are the steps by which the layout came to be: NNN_name.up.sql, and what is one engine's own in
// NNN_name.ENGINE.up.sql; .down.sql takes the step back.
//
//go:embed migrations/*.sql
var migrations embed.FS

const versionTable = "schema_version"

// migrate brings the layout up to date.
func (s *State) migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("version of the layout: %w", err)
	}
	if have > known {
		return fmt.Errorf("%w: its layout is version %d, and this one knows up to %d; use the newer program, or a backup from before", ErrNewer, have, known)
	}
	if have == known {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the layout up to date: %w", err)
	}
	return nil
}

// Downgrade takes the layout back to an older version, 0 for nothing at all. What the steps back drop is gone.
func (s *State) Downgrade(ctx context.Context, version int64) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.DownTo(ctx, version); err != nil {
		return fmt.Errorf("take the layout of state %s back to version %d: %w", s.name, version, err)
	}
	return nil
}

// version returns the version of the layout that is there.
func (s *State) version(ctx context.Context) (int64, error) {
	p, err := s.provider()
	if err != nil {
		return 0, err
	}
	return p.GetDBVersion(ctx)
}

func (s *State) provider() (*goose.Provider, error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	opt := []goose.ProviderOption{
		goose.WithGoMigrations(steps...), goose.WithTableName(versionTable), goose.WithLogger(goose.NopLogger()),
		goose.WithDisableGlobalRegistry(true),
	}
	if s.engine == postgres {
		dialect = goose.DialectPostgres
		l, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		opt = append(opt, goose.WithSessionLocker(l))
	}
	return goose.NewProvider(dialect, s.write, nil, opt...)
}

// steps reads the migrations for the engine, in order.
func (s *State) steps() ([]*goose.Migration, error) {
	names, err := fs.Glob(migrations, "migrations/*_*.up.sql")
	if err != nil {
		return nil, err
	}
	var stems []string
	for _, n := range names {
		stem, _, _ := strings.Cut(strings.TrimPrefix(n, "migrations/"), ".")
		stems = append(stems, stem)
	}
	slices.Sort(stems)
	var list []*goose.Migration
	for _, stem := range slices.Compact(stems) {
		number, _, _ := strings.Cut(stem, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", stem, err)
		}
		up, err := s.script(stem+".up.sql", stem+"."+string(s.engine)+".up.sql")
		if err != nil {
			return nil, err
		}
		down, err := s.script(stem+".down.sql", stem+"."+string(s.engine)+".down.sql")
		if err != nil {
			return nil, err
		}
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{RunTx: up}, &goose.GoFunc{RunTx: down}))
	}
	return list, nil
}

// script returns what runs these files, as far as they are there.
func (s *State) script(names ...string) (func(context.Context, *sql.Tx) error, error) {
	var text strings.Builder
	for _, n := range names {
		data, err := migrations.ReadFile("migrations/" + n)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		text.Write(data)
	}
	words := strings.NewReplacer(" TEXT C ", " TEXT ", ") CLUSTERED;", ") WITHOUT ROWID;") // SQLite compares bytes if nothing else is said
	if s.engine == postgres {
		words = strings.NewReplacer(" TEXT C ", ` TEXT COLLATE "C" `, ") CLUSTERED;", ");")
	}
	query := words.Replace(text.String())
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query)
		return err
	}, nil
}
