package source

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// magic is how a kind of file begins.
type magic struct {
	at    int
	bytes string
	what  string
}

// magics are the kinds of files that lie beside logs and are none.
var magics = [...]magic{
	{0, "\x7fELF", "an ELF program or library"},
	{0, "MZ", "a Windows program or library"},
	{0, "\xcf\xfa\xed\xfe", "a macOS program"},
	{0, "\xca\xfe\xba\xbe", "a Java class or macOS program"},
	{0, "\x89PNG\r\n\x1a\n", "a PNG image"},
	{0, "\xff\xd8\xff", "a JPEG image"},
	{0, "GIF8", "a GIF image"},
	{0, "BM", "a bitmap image"},
	{0, "RIFF", "a RIFF file (WebP, WAV or AVI)"},
	{0, "SQLite format 3\x00", "an SQLite database"},
	{0, "\xd4\xc3\xb2\xa1", "a packet capture (pcap)"},
	{0, "\xa1\xb2\xc3\xd4", "a packet capture (pcap)"},
	{0, "\x4d\x3c\xb2\xa1", "a packet capture (pcap)"},
	{0, "\x0a\x0d\x0d\x0a", "a packet capture (pcapng)"},
	{0, "%PDF-", "a PDF document"},
	{0, "{\\rtf", "an RTF document"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE file (old Office document or MSI package)"},
	{0, "regf", "a Windows registry hive"},
	{0, "LPKSHHRH", "a systemd journal file; export it with journalctl -o json"},
	{0, "MAM\x04", "a compressed Windows prefetch file"},
	{4, "SCCA", "a Windows prefetch file"},
	{0, "FILE0", "an NTFS master file table"},
	{0, "LfLe", "an old Windows event log (.evt); convert it with wevtutil"},
	{4, "LfLe", "an old Windows event log (.evt); convert it with wevtutil"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"},
	{0, "Rar!\x1a\x07", "a RAR archive; unpack it first"},
	{0, "\x04\x22\x4d\x18", "an LZ4 file; unpack it first"},
	{0, "\x1f\x9d", "a file packed by compress (.Z); unpack it first"},
	{0, "]\x00\x00", "an LZMA file; unpack it first"},
	{0, "MSCF", "a Windows cabinet; unpack it first"},
	{0, "!<arch>\n", "an ar archive or Debian package; unpack it first"},
	{0, "\xed\xab\xee\xdb", "an RPM package"},
	{0, "KDMV", "a VMware disk image"},
	{0, "QFI\xfb", "a QEMU disk image"},
	{0, "EVF\x09\x0d\x0a\xff\x00", "an EnCase disk image"},
	{4, "ftyp", "a video"},
	{0, "OggS", "an Ogg audio or video file"},
	{0, "ID3", "an MP3 file"},
	{0, "wOF2", "a font"},
	{0, "\x00asm", "a WebAssembly module"},
	{0, "-----BEGIN ", "a key or certificate"},
}

// looksLike says in a few words what a stream that no format knows seems to be.
func looksLike(head string) string {
	for _, m := range magics {
		if len(head) >= m.at && strings.HasPrefix(head[m.at:], m.bytes) {
			return m.what
		}
	}
	if strings.Trim(head, "\x00") == "" {
		return "nothing but zero bytes"
	}
	if utf8.ValidString(head) && !strings.Contains(head, "\x00") {
		return "a text of no known format"
	}
	return fmt.Sprintf("binary data that begins with % x", head[:min(8, len(head))])
}
