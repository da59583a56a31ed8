// Command packrules packs the detections that tocsin ships into rules/builtin.zip, for builds with the tag packed. The same
// files make the same archive.
package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"os"
)

func main() {
	if err := pack("rules", "builtin", "rules/builtin.zip"); err != nil {
		fmt.Fprintln(os.Stderr, "packrules:", err)
		os.Exit(2)
	}
}

// pack writes the folder below root into an archive, in the order of the names, and puts that in place in one step.
func pack(root, folder, to string) (err error) {
	part := to + ".part"
	out, err := os.Create(part)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(part)
		}
	}()
	w := zip.NewWriter(out)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	files := os.DirFS(root)
	err = fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(part, to)
}
