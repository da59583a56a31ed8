// Command bundle makes the console's pages: web/src, with the packages in web/node_modules, becomes web/dist, which the
// program embeds. Names of files hold a hash of what is in them, so that browsers may keep them for ever; what gzip makes
// smaller is there as gzip alone. The licences of what is in the bundle stand beside it.
//
// It runs in the repository's root. It asks no network.
package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	web  = "web"
	dist = "web/dist"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := empty(dist); err != nil {
		return err
	}
	made, err := bundle()
	if err != nil {
		return err
	}
	if err := index(made); err != nil {
		return err
	}
	if err := licences(); err != nil {
		return err
	}
	return squeeze(dist)
}

// empty takes away what an earlier run has made.
func empty(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Name() != "README" {
			if err := os.RemoveAll(filepath.Join(dir, f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// output is what esbuild's metafile says of one file that it made.
type output struct {
	Entry   string `json:"entryPoint"`
	CSS     string `json:"cssBundle"`
	Imports []struct {
		Path string `json:"path"`
		Kind string `json:"kind"`
	} `json:"imports"`
}

// bundle returns what was made, by its path from the root.
func bundle() (map[string]output, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{web + "/src/main.tsx", web + "/src/early.ts"},
		Outdir:      dist + "/assets", EntryNames: "[name]-[hash]", ChunkNames: "[name]-[hash]", AssetNames: "[name]-[hash]",
		Bundle: true, Splitting: true, Format: api.FormatESModule, Target: api.ES2022, Metafile: true, Write: true,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone,
		Tsconfig: web + "/tsconfig.json", Loader: map[string]api.Loader{".woff2": api.LoaderFile}, LogLevel: api.LogLevelWarning,
	})
	if n := len(result.Errors); n > 0 {
		return nil, fmt.Errorf("%d mistakes in %s/src", n, web)
	}
	var meta struct {
		Outputs map[string]output `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, fmt.Errorf("read what was made: %w", err)
	}
	return meta.Outputs, nil
}

// index writes the one page, from its template: the script and the style under the names that they have got, and what the
// browser should fetch before it has read them.
func index(made map[string]output) error {
	text, err := os.ReadFile(web + "/src/index.html")
	if err != nil {
		return err
	}
	at := func(name string) string { return "/assets/" + path.Base(name) }
	var main, early, style string
	var ahead []string
	for name, o := range made {
		switch {
		case o.Entry == web+"/src/main.tsx":
			main, style = at(name), at(o.CSS)
			for _, i := range o.Imports {
				if i.Kind == "import-statement" {
					ahead = append(ahead, `<link rel="modulepreload" href="`+at(i.Path)+`">`)
				}
			}
		case o.Entry == web+"/src/early.ts":
			early = at(name)
		case strings.Contains(name, "inter-latin-wght"):
			ahead = append(ahead, `<link rel="preload" as="font" type="font/woff2" crossorigin href="`+at(name)+`">`)
		}
	}
	if main == "" || early == "" || style == "" {
		return errors.New("there is no script or no style in what was made")
	}
	slices.Sort(ahead)
	page := strings.NewReplacer("{{main}}", main, "{{early}}", early, "{{style}}", style, "{{ahead}}", strings.Join(ahead, "\n")).Replace(string(text))
	return os.WriteFile(dist+"/index.html", []byte(page), 0o644)
}

// licences puts together the licences of the packages that are in the bundle.
func licences() error {
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
			License string `json:"license"`
			Dev     bool   `json:"dev"`
		} `json:"packages"`
	}
	text, err := os.ReadFile(web + "/package-lock.json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return fmt.Errorf("read the lock file: %w", err)
	}
	var names []string
	for dir, p := range lock.Packages {
		if dir != "" && !p.Dev {
			names = append(names, dir)
		}
	}
	slices.Sort(names)
	var out strings.Builder
	out.WriteString("The console's pages contain these packages.\n")
	for _, dir := range names {
		p := lock.Packages[dir]
		licence, err := os.ReadFile(filepath.Join(web, dir, "LICENSE"))
		if err != nil {
			return fmt.Errorf("the licence of a package: %w", err)
		}
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n\n%s\n", strings.Repeat("-", 80), strings.TrimPrefix(dir, "node_modules/"), p.Version, p.License, licence)
	}
	return os.WriteFile(dist+"/licences.txt", []byte(out.String()), 0o644)
}

// squeeze writes gzip in place of each file that gets smaller by it.
func squeeze(dir string) error {
	return filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".woff2") || d.Name() == "README" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := os.Create(name + ".gz")
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(text); err != nil {
			return err
		}
		return errors.Join(z.Close(), f.Close(), os.Remove(name))
	})
}
