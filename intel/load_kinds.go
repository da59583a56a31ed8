package intel

import "strings"

// statedKinds are the names that lists have for kinds, in small letters: those of MISP's attributes, of ThreatFox, OTX and
// others.
var statedKinds = map[string]Kind{
	"ip": IP, "ip-src": IP, "ip-dst": IP, "ipv4": IP, "ipv6": IP, "ipv4-addr": IP, "ipv6-addr": IP, "address": IP, "ipaddress": IP, "ip_address": IP, "ip address": IP,
	"cidr": Network, "network": Network, "netblock": Network, "subnet": Network, "ip-range": Network,
	"ip:port": Endpoint, "endpoint": Endpoint, "socket": Endpoint,
	"domain": Domain, "hostname": Domain, "host": Domain, "fqdn": Domain, "domain-name": Domain, "dns": Domain,
	"url": URL, "uri": URL, "link": URL, "http-url": URL, "path": Path,
	"md5": MD5, "md5_hash": MD5, "filehash-md5": MD5, "x509-fingerprint-md5": MD5, "hash-md5": MD5,
	"sha1": SHA1, "sha1_hash": SHA1, "filehash-sha1": SHA1, "x509-fingerprint-sha1": SHA1, "sha-1": SHA1,
	"sha256": SHA256, "sha256_hash": SHA256, "filehash-sha256": SHA256, "x509-fingerprint-sha256": SHA256, "sha-256": SHA256,
	"sha512": SHA512, "sha512_hash": SHA512, "sha-512": SHA512,
	"imphash": Imphash, "filehash-imphash": Imphash, "ja3": JA3, "ja3-fingerprint-md5": JA3, "ja3_hash": JA3,
	"email": Email, "email-src": Email, "email-dst": Email, "email-addr": Email, "email-reply-to": Email, "envelope_from": Email,
	"filename": File, "file": File, "attachment": File, "email-attachment": File, "file-name": File,
}

// typed takes a value of a stated type, which may be two values at once: filename|sha256, domain|ip, ip-dst|port.
func (l *loader) typed(in *item, stated string) {
	stated = strings.ToLower(strings.TrimSpace(stated))
	if first, second, ok := strings.Cut(stated, "|"); ok && strings.Contains(in.Value, "|") {
		a, b, _ := strings.Cut(in.Value, "|")
		switch {
		case second == "port":
			next := *in
			next.Value = a
			if l.endpoint(next, b) {
				return
			}
			l.typed(&next, first)
		case first == "filename" || first == "malware-sample": // the name alone says little where the hash is known
			next := *in
			next.Value = b
			if first == "malware-sample" {
				second = "md5"
			}
			l.typed(&next, second)
		default:
			next := *in
			next.Value = a
			l.typed(&next, first)
			next = *in
			next.Value = b
			l.typed(&next, second)
		}
		return
	}
	if stated == "malware-sample" {
		l.typed(in, "filename|md5")
		return
	}
	in.Kind = statedKinds[stated]
	if in.Kind == Unknown {
		switch stated {
		case "unknown", "other", "ioc", "indicator", "hash", "filehash", "":
			l.guessed(in)
		default:
			l.ignore("types that no event holds")
		}
		return
	}
	l.add(in)
}
