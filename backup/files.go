package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/settings"

	"github.com/tocsin-sec/tocsin/state"
)

// ownFiles are the files of the data folder, beside what tenants have, that cannot be had again: the key that seals second
// factors, the console's own certificate, and the rules that people have armed. Files of the same names stand in a backup.
func ownFiles(dir string) ([]string, error) {
	var list []string
	for _, name := range [...]string{"identity.key", "console.key", "console.crt"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			list = append(list, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	armed, err := regularFiles(settings.ArmedFolder(dir))
	for _, name := range armed {
		list = append(list, filepath.Join("rules", name))
	}
	return list, err
}

// EvidenceFolder is where the evidence of a tenant's cases is, each under its SHA-256.
func EvidenceFolder(tenantDir string) string { return filepath.Join(tenantDir, "evidence") }

// evidenceFiles are the files of a tenant's evidence, without those that are still being written.
func evidenceFiles(tenantDir string) ([]string, error) {
	names, err := regularFiles(EvidenceFolder(tenantDir))
	var list []string
	for _, name := range names {
		if raw, err := hex.DecodeString(name); err == nil && len(raw) == sha256.Size {
			list = append(list, filepath.Join("evidence", name))
		}
	}
	return list, err
}

// regularFiles lists the files of a folder, in order of their names; none where it is not there.
func regularFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), ".new") {
			list = append(list, e.Name())
		}
	}
	return list, err
}

// copySummed copies files between folders for the user alone to read, and puts their SHA-256 into sums, under prefix and name.
// What was copied is on the disk when it returns.
func copySummed(to, from, prefix string, names []string, sums map[string]string) error {
	folders := make(map[string]bool)
	for _, name := range names {
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		sum, err := disk.Copy(path, filepath.Join(from, name), 0o600)
		if err != nil {
			return err
		}
		sums[filepath.ToSlash(filepath.Join(prefix, name))] = sum
		folders[filepath.Dir(path)] = true
	}
	for dir := range folders {
		if err := disk.SyncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// sumOf is the SHA-256 of a file, in hex.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// checkSums tells what of a backup is not as it was written, before anything of it is brought back.
func checkSums(dir string, sums map[string]string) error {
	var errs []error
	for name, sum := range sums {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%q is no file of a backup", name)
		}
		got, err := sumOf(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			errs = append(errs, err)
		} else if got != sum {
			errs = append(errs, fmt.Errorf("%s was changed since it was written", name))
		}
	}
	return errors.Join(errs...)
}

// restoreFiles brings back what stands beside the tenants.
func restoreFiles(dir, from string) error {
	names, err := ownFiles(from)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return copySummed(dir, from, "", names, make(map[string]string))
}

// verifyEvidence tells which evidence of cases is not there, or is not what it was.
func verifyEvidence(ctx context.Context, st *state.State, tenantDir string) (pieces int, findings []string, err error) {
	const all = 1 << 20
	cases, err := st.ListCases(ctx, true, all)
	if err != nil {
		return 0, nil, err
	}
	seen := make(map[string]bool)
	for _, c := range cases {
		for _, e := range c.Evidence {
			if seen[e.SHA256] || ctx.Err() != nil {
				continue
			}
			seen[e.SHA256] = true
			sum, err := sumOf(filepath.Join(EvidenceFolder(tenantDir), filepath.Base(e.SHA256)))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				findings = append(findings, fmt.Sprintf("evidence %s of case %s: it is gone", e.SHA256, c.Key))
			case err != nil:
				findings = append(findings, fmt.Sprintf("evidence %s of case %s: %v", e.SHA256, c.Key, err))
			case sum != e.SHA256:
				findings = append(findings, fmt.Sprintf("evidence %s of case %s: it was changed", e.SHA256, c.Key))
			}
		}
	}
	return len(seen), findings, ctx.Err()
}
