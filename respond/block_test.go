package respond

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseBlock(t *testing.T) {
	for target, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", " 203.0.113.7/32  in ": "203.0.113.7", "203.0.113.7/24 out": "203.0.113.0/24 out",
		"::ffff:203.0.113.7": "203.0.113.7", "::ffff:203.0.113.0/120": "203.0.113.0/24", "2001:DB8::1 tcp/22 forward": "2001:db8::1 forward tcp/22",
		"any udp/53": "any udp/53", "0.0.0.0/0 udp/53": "any udp/53", "::/0 tcp/23 out": "any out tcp/23",
		"": "", "any": "", "203.0.113.7 203.0.113.8": "", "203.0.113.7 in out": "", "203.0.113.7 tcp/0": "", "203.0.113.7 tcp/65536": "", "203.0.113.7 tcp/022": "",
		"203.0.113.07": "", "203.0.113": "", "fe80::1%eth0": "", "203.0.113.7/33": "", "203.0.113.7; reboot": "", "$(reboot)": "", "203.0.113.7\n203.0.113.8": "",
		"203.0.113.7 icmp/1": "", "1.2.3.4\x00": "", "\xff\xfe": "", "::ffff:0:0/80": "", "example.com": "", "2130706433": "", "0x7f.1": "",
	} {
		b, err := ParseBlock(target)
		if want == "" {
			if err == nil {
				t.Errorf("%q: taken as %s", target, b.Target())
			}
			continue
		}
		if err != nil || b.Target() != want {
			t.Errorf("%q: %q, %v", target, b.Target(), err)
			continue
		}
		if err := b.check(); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseBlock(strings.Repeat("1", 64<<10)); err == nil {
		t.Error("64 KB were taken")
	}
}

func TestWidest(t *testing.T) {
	var list []Block
	for _, p := range []string{"10.1.2.0/24", "10.0.0.0/8", "10.0.0.0/8", "11.0.0.0/24", "10.255.255.0/24", "2001:db8::/48", "2001:db8:0:1::/64"} {
		list = append(list, Block{Prefix: netip.MustParsePrefix(p), Until: int64(len(list) + 1)})
	}
	var got []string
	for _, b := range widest(list) {
		got = append(got, b.Prefix.String())
		if b.Prefix.Bits() == 8 && b.Until != 3 {
			t.Errorf("of the same network one stays that lasts until %d", b.Until)
		}
	}
	if s := strings.Join(got, " "); s != "10.0.0.0/8 11.0.0.0/24 2001:db8::/48" {
		t.Errorf("widest: %s", s)
	}
}

func FuzzParseBlock(f *testing.F) {
	for _, s := range []string{"203.0.113.7 out tcp/22", "2001:db8::/32 forward", "any udp/53", "::ffff:192.0.2.1", "1.2.3.4; drop"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBlock(s)
		if err != nil {
			return
		}
		if err := b.check(); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		again, err := ParseBlock(b.Target())
		if err != nil || again != b {
			t.Fatalf("%q becomes %q, and that %+v, %v", s, b.Target(), again, err)
		}
		if strings.Trim(b.Target(), "0123456789abcdef.:/ nyutporw") != "" {
			t.Fatalf("%q: the target %q has other characters than a target", s, b.Target())
		}
	})
}
