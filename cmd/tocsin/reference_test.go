package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// page is one page of the reference.
type page struct {
	name, title, about string // the file, without .md; the title; one sentence for the index
	body               string // Markdown, below the title
}

// text is what stands in the file.
func (p *page) text() string {
	return generatedNote + "# " + p.title + "\n\n" + strings.TrimRight(p.body, "\n") + "\n"
}

// generatedNote stands on each page, so that nobody mends the page in place of its source.
const generatedNote = "<!-- Made by `make docs` from the code. Do not edit. -->\n\n"

// The pages of docs/reference are those that the code makes now. With -update they are written.
func TestReference(t *testing.T) {
	pages, err := reference(streams{}, "../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "reference")
	api, err := apiText()
	if err != nil {
		t.Fatal(err)
	}
	shapes, err := shapesText(api)
	if err != nil {
		t.Fatal(err)
	}
	beside := map[string]string{filepath.Join(dir, schemaName): schemaText(), filepath.Join(dir, apiName): api, filepath.Join("..", "..", shapesName): shapes}
	if *update {
		if err := writePages(dir, pages); err != nil {
			t.Fatal(err)
		}
		for name, text := range beside {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for name, want := range beside {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s is stale (%v): make docs", name, err)
		}
	}
	files := make(map[string]bool)
	for _, p := range pages {
		name := filepath.Join(dir, p.name+".md")
		files[name] = true
		if text, err := os.ReadFile(name); err != nil || string(text) != p.text() {
			t.Errorf("%s is stale (%v): make docs", name, err)
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if !files[name] {
			t.Errorf("%s is not made any more: make docs", name)
		}
	}
}

// reference makes all pages, the index first.
func reference(std streams, root string) ([]page, error) {
	list := commandPages(newRoot(std))
	list = append(list, inputsPage(), notifyPage(), configurationPage(), queryPage(), formatsPage(), logSourcesPage(), languagePage())
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
		if err := os.WriteFile(name, []byte(p.text()), 0o644); err != nil {
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
