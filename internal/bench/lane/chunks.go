package lane

import (
	"bytes"
	"os"
	"path/filepath"
)

// JoinChunks makes one long EVTX file: a header, and the chunks of some files again and again. A chunk is 64 KiB that
// begin with "ElfChnk" and refer to nothing outside of them.
func JoinChunks(to string, from []string, n int) error {
	const header, chunk = 4096, 65536
	var head, chunks []byte
	for _, name := range from {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if len(data) < header {
			continue
		}
		if head == nil {
			head = bytes.Clone(data[:header])
		}
		for at := header; at+chunk <= len(data); at += chunk {
			if bytes.HasPrefix(data[at:], []byte("ElfChnk\x00")) {
				chunks = append(chunks, data[at:at+chunk]...)
			}
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	total := min(len(chunks)/chunk*n, 65535)
	head[42], head[43] = byte(total), byte(total>>8) // the number of chunks, which has 16 bits
	if _, err := out.Write(head); err != nil {
		return err
	}
	for range n {
		if _, err := out.Write(chunks); err != nil {
			return err
		}
	}
	return out.Close()
}
