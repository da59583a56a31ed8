package rules

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of what is read as rules, against hostile archives. The largest public rule set has some 4,000 files of
// 2 KiB each.
const (
	maxRuleFile  = 4 << 20   // bytes of one rule file
	maxRuleFiles = 100_000   // files of one place
	maxUnpacked  = 512 << 20 // bytes of all rule files of one archive
	maxArchive   = 256 << 20 // bytes of an archive as it lies there
)

// file is one rule file that was found.
type file struct {
	name  string // as diagnostics call it
	path  string // slash-separated and relative to its place, for an installed pack
	named bool   // the user named this very file
	fsys  fs.FS  // in which path is, and the rule's tests beside it; nil where only the file itself can be read
	read  func() ([]byte, error)
}

// gather finds the rule files of one place, sorted by name.
func gather(place, packs string) ([]file, error) {
	switch {
	case place == BuiltinPath:
		return gatherFS(Builtin, BuiltinPath+":")
	case strings.HasPrefix(place, BuiltinPath+":"):
		return gatherBuiltin(strings.TrimPrefix(place, BuiltinPath+":"))
	case place == InstalledPath:
		return gatherPacks(packs, "")
	case strings.HasPrefix(place, PackPrefix):
		return gatherPacks(packs, strings.TrimPrefix(place, PackPrefix))
	}
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	if info.IsDir() {
		return gatherFolder(place)
	}
	f, err := os.Open(place)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	if a := archiveKind(head[:n]); a == "" {
		fsys := os.DirFS(filepath.Dir(place))
		read := func() ([]byte, error) { return readFile(fsys, filepath.Base(place), place) }
		return []file{{name: place, path: filepath.Base(place), named: true, fsys: fsys, read: read}}, nil
	}
	if info.Size() > maxArchive {
		return nil, fmt.Errorf("load rules: %s is larger than %d MiB", place, maxArchive>>20)
	}
	data, err := os.ReadFile(place)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	return gatherArchive(place, data)
}

// gatherFolder finds the rule files below a folder of the file system.
func gatherFolder(dir string) ([]file, error) {
	files, err := gatherFS(os.DirFS(dir), "")
	if err != nil {
		return nil, fmt.Errorf("load rules from %s: %w", dir, err)
	}
	for i := range files {
		f := &files[i]
		p := f.path
		f.name = filepath.Join(dir, filepath.FromSlash(p))
		f.read = func() ([]byte, error) { return readFile(f.fsys, p, f.name) }
	}
	sortFiles(files)
	return files, nil
}

// gatherFS finds the rule files of a file system. Hidden folders are left out: they hold what other programs keep there.
func gatherFS(fsys fs.FS, prefix string) ([]file, error) {
	var files []file
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !isYAML(d.Name()) {
			return nil
		}
		if len(files) >= maxRuleFiles {
			return fmt.Errorf("more than %d rule files", maxRuleFiles)
		}
		name := prefix + p
		files = append(files, file{name: name, path: p, fsys: fsys, read: func() ([]byte, error) { return readFile(fsys, p, name) }})
		return nil
	})
	sortFiles(files)
	return files, err
}

func gatherBuiltin(name string) ([]file, error) {
	full := BuiltinPath + ":" + name
	if _, err := fs.Stat(Builtin, name); err != nil {
		return nil, fmt.Errorf("load rules: there is no built-in rule file %q", name)
	}
	return []file{{name: full, path: name, named: true, fsys: Builtin, read: func() ([]byte, error) { return readFile(Builtin, name, full) }}}, nil
}

// gatherPacks finds the rule files of the packs in use, or of the one named.
func gatherPacks(dir, name string) ([]file, error) {
	if dir == "" {
		if name == "" {
			return nil, nil
		}
		return nil, fmt.Errorf("load rules: no pack %q is installed", name)
	}
	folders, err := (Packs{Dir: dir}).folders(name)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, f := range folders {
		found, err := gatherFolder(f)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// readFile reads one rule file within the limit.
func readFile(fsys fs.FS, p, name string) ([]byte, error) {
	f, err := fsys.Open(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, bare(err))
	}
	defer f.Close()
	return readLimited(f, name, usualRuleFile)
}

// usualRuleFile is the size that most rule files do not reach, in bytes.
const usualRuleFile = 6 << 10

// readLimited reads what is expected to be of that size.
func readLimited(r io.Reader, name string, size int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(size, 0), maxRuleFile)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r, maxRuleFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, bare(err))
	}
	if n > maxRuleFile {
		return nil, tooLarge(name)
	}
	return b.Bytes(), nil
}

// bare takes the operation and the path off an error of the file system, where the text around it says both.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// archiveKind recognises an archive by its first bytes: "zip", "gzip" or "".
func archiveKind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "gzip"
	}
	return ""
}

// gatherArchive finds the rule files of an archive that is held in memory; their names are "ARCHIVE!PATH".
func gatherArchive(name string, data []byte) ([]file, error) {
	var files []file
	var err error
	if archiveKind(data) == "zip" {
		files, err = gatherZip(name, data)
	} else {
		files, err = gatherTar(name, data)
	}
	if err != nil {
		return nil, fmt.Errorf("load rules from %s: %w", name, err)
	}
	sortFiles(files)
	return files, nil
}

// member returns the path of an archive's member, cleaned, and whether it is a rule file. A path that leads out of the
// archive is an error: nobody packs such a thing by chance.
func member(name string) (string, bool, error) {
	p := strings.ReplaceAll(name, `\`, "/")
	if !filepath.IsLocal(filepath.FromSlash(p)) || strings.Contains(p, ":") {
		return "", false, fmt.Errorf("the member %q leads out of the archive", name)
	}
	p = path.Clean(p)
	for part := range strings.SplitSeq(p, "/") {
		if strings.HasPrefix(part, ".") {
			return p, false, nil
		}
	}
	return p, isYAML(p), nil
}

func gatherZip(archive string, data []byte) ([]file, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var files []file
	var total uint64
	for _, m := range z.File {
		if m.FileInfo().IsDir() {
			continue
		}
		p, is, err := member(m.Name)
		if err != nil {
			return nil, err
		}
		if !is || !m.FileInfo().Mode().IsRegular() {
			continue
		}
		if total += m.UncompressedSize64; total > maxUnpacked || len(files) >= maxRuleFiles {
			return nil, errors.New("it unpacks to more than the limit")
		}
		name := archive + "!" + p
		files = append(files, file{name: name, path: p, fsys: z, read: func() ([]byte, error) {
			r, err := m.Open()
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			defer r.Close()
			return readLimited(r, name, int64(min(m.UncompressedSize64, maxRuleFile)))
		}})
	}
	return files, nil
}

func gatherTar(archive string, data []byte) ([]file, error) {
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer gz.Close()
	tr := tar.NewReader(io.LimitReader(gz, maxUnpacked))
	var files []file
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		p, is, err := member(h.Name)
		if err != nil {
			return nil, err
		}
		if !is {
			continue
		}
		if len(files) >= maxRuleFiles {
			return nil, errors.New("it unpacks to more than the limit")
		}
		name := archive + "!" + p
		content, err := readLimited(tr, name, h.Size)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, path: p, read: func() ([]byte, error) { return content, nil }})
	}
}
