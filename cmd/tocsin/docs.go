package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// page is one page of the reference.
type page struct {
	name, title, about string // the file, without .md; the title; one sentence for the index
	body               string // Markdown, below the title
}

// generatedNote stands on each page, so that nobody mends the page in place of its source.
const generatedNote = "<!-- Made by `make docs` from the code. Do not edit. -->\n\n"

// newDocs makes the command `tocsin docs`, which is for those who work on tocsin.
func newDocs(std streams) *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "docs [flags] FOLDER",
		Short: "Write the reference pages",
		Long: `Write the reference pages into a folder: commands, formats, messages, log sources, the Sigma language, built-in rules
and limits, all from the code. Pages there that are no longer made are removed.

Exit status: 0 written, 2 failed.`,
		Example: `  go run ./cmd/tocsin docs docs/reference`,
		Hidden:  true,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			pages, err := reference(std, root)
			if errors.Is(err, fs.ErrNotExist) {
				return withHint(err, "run it at the root of the repository, or name that with --root")
			}
			if err != nil {
				return err
			}
			return writePages(args[0], pages)
		},
	}
	cmd.Flags().StringVar(&root, "root", ".", "the `folder` of the repository: comments are read from its code")
	return cmd
}

// reference makes all pages, the index first.
func reference(std streams, root string) ([]page, error) {
	list := commandPages(newRoot(std))
	list = append(list, formatsPage(), logSourcesPage(), languagePage())
	for _, write := range []func() (page, error){
		rulesPage,
		func() (page, error) { return messagesPage(root) },
		func() (page, error) { return limitsPage(root) },
	} {
		p, err := write()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "- [%s](%s.md): %s\n", p.title, p.name, p.about)
	}
	return append([]page{{"README", "Reference", "", b.String()}}, list...), nil
}

// writePages makes the Markdown files of a folder be these pages and no others.
func writePages(dir string, pages []page) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the reference: %w", err)
	}
	kept := make(map[string]bool)
	for _, p := range pages {
		name := filepath.Join(dir, p.name+".md")
		kept[name] = true
		text := generatedNote + "# " + p.title + "\n\n" + strings.TrimRight(p.body, "\n") + "\n"
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the reference: %w", err)
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return fmt.Errorf("write the reference: %w", err)
	}
	for _, name := range old {
		if kept[name] {
			continue
		}
		text, err := os.ReadFile(name)
		if err == nil && strings.HasPrefix(string(text), generatedNote) {
			err = os.Remove(name)
		}
		if err != nil {
			return fmt.Errorf("remove an old page: %w", err)
		}
	}
	return nil
}

// cell makes a text fit into a cell of a Markdown table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}

// codeCell makes a text fit into a cell of a Markdown table, as code; "" stays empty.
func codeCell(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}
