package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// partMeta is what the metadata.json of a part says; the rest of it is not looked at.
type partMeta struct {
	FormatVersion          uint
	CompressedSizeBytes    uint64
	RowsCount              uint64
	BlocksCount            uint64
	MinTimestamp           int64
	MaxTimestamp           int64
	BloomValuesShardsCount uint64
}

const (
	metaFile      = "metadata.json"
	newestPart    = 3   // format of parts that the engine writes, and the newest that it reads
	maxPartShards = 128 // most files of values of a part
	maxMetaFile   = 1 << 20
)

// errNewer says that a part is of a newer program: nothing is wrong with it, and it must stay where it is.
var errNewer = errors.New("it was written by a newer version of this program")

// soundPart says what is wrong with a part of rows, as far as it can be told without reading it.
func soundPart(dir string) error {
	var m partMeta
	if err := readMeta(dir, &m); err != nil {
		return err
	}
	switch {
	case m.FormatVersion > newestPart:
		return fmt.Errorf("%s: %w: format %d", dir, errNewer, m.FormatVersion)
	case m.MinTimestamp > m.MaxTimestamp || m.BlocksCount > m.RowsCount || m.BloomValuesShardsCount > maxPartShards:
		return fmt.Errorf("%s contradicts itself", metaFile)
	case m.FormatVersion < newestPart:
		return nil // written by an older engine, with other files
	}
	files := []string{
		"column_names.bin", "column_idxs.bin", "metaindex.bin", "index.bin", "columns_header_index.bin",
		"columns_header.bin", "timestamps.bin", "message_bloom.bin", "message_values.bin",
	}
	for i := range m.BloomValuesShardsCount {
		n := strconv.FormatUint(i, 10)
		files = append(files, "bloom.bin"+n, "values.bin"+n)
	}
	size, err := sizeOf(dir, files)
	if err != nil {
		return err
	}
	if size != m.CompressedSizeBytes {
		return fmt.Errorf("its files have %d bytes and not %d", size, m.CompressedSizeBytes)
	}
	return nil
}

// soundIndex says what is wrong with a part of the index of streams.
func soundIndex(dir string) error {
	var m struct {
		ItemsCount, BlocksCount uint64
		FirstItem, LastItem     string
	}
	if err := readMeta(dir, &m); err != nil {
		return err
	}
	if m.ItemsCount == 0 || m.BlocksCount == 0 || m.BlocksCount > m.ItemsCount {
		return fmt.Errorf("%s contradicts itself", metaFile)
	}
	_, err := sizeOf(dir, []string{"metaindex.bin", "index.bin", "items.bin", "lens.bin"})
	return err
}

func readMeta(dir string, m any) error {
	path := filepath.Join(dir, metaFile)
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxMetaFile {
		err = errors.New(metaFile + " is too large")
	}
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("%s: %w", metaFile, err)
	}
	return nil
}

// sizeOf returns the size of files together.
func sizeOf(dir string, files []string) (size uint64, err error) {
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f))
		if err != nil {
			return 0, err
		}
		if !info.Mode().IsRegular() {
			return 0, fmt.Errorf("%s is no file", f)
		}
		size += uint64(info.Size())
	}
	return size, nil
}
