package demo

import (
	"fmt"
	"time"
)

// firewallLog is what the packet filter of fw1 logs: refused packets from outside, new connections of the servers.
func firewallLog(n night) []byte {
	f := &firewallJournal{newJournal(n, 4)}
	f.background()
	f.servers()
	f.scan()
	f.backConnect()
	return f.lines()
}

type firewallJournal struct{ *journal }

// packet is what the filter saw.
type packet struct {
	prefix, in, out, src, dst string
	sport, dport              int
}

func (f *firewallJournal) log(t time.Time, p packet) {
	f.add(t, "%s fw1 kernel: [%d.%06d] %s: IN=%s OUT=%s MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=%s DST=%s LEN=52 TOS=0x00 PREC=0x00 TTL=%d ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 SYN URGP=0",
		t.Format("2006-01-02T15:04:05.000000-07:00"), 864000+int(t.Sub(f.dusk()).Seconds()), t.Nanosecond()/1000,
		p.prefix, p.in, p.out, p.src, p.dst, 40+f.IntN(90), f.IntN(65536), p.sport, p.dport)
}

// background is the internet that knocks.
func (f *firewallJournal) background() {
	ports := []int{23, 22, 445, 3389, 5060, 8080, 8443, 1433, 6379, 2323, 5900, 81, 8888, 37215}
	for range 420 {
		src := fmt.Sprintf("203.0.113.%d", 70+f.IntN(180))
		f.log(f.whenever(f.dusk(), f.dawn()), packet{"FW-DROP", "wan0", "", src, webPublic, 1024 + f.IntN(60000), ports[f.IntN(len(ports))]})
	}
}

// servers are what the servers fetch and the office browses.
func (f *firewallJournal) servers() {
	for range 380 {
		src := webPrivate
		if f.IntN(3) > 0 {
			src = fmt.Sprintf("192.168.20.%d", 30+f.IntN(16))
		}
		f.log(f.whenever(f.dusk(), f.dawn()), packet{"FW-ACCEPT", "lan0", "wan0", src, fmt.Sprintf("192.0.2.%d", 1+f.IntN(250)), 32768 + f.IntN(28000), []int{443, 443, 443, 80, 53, 123}[f.IntN(6)]})
	}
}

// scan is the intruder who tries the ports of the web server.
func (f *firewallJournal) scan() {
	t := f.at("22:41:02")
	for i, port := range []int{21, 22, 23, 25, 53, 80, 81, 110, 111, 135, 139, 143, 389, 443, 445, 465, 587, 636, 873, 993, 995, 1080, 1433, 1521, 2049, 2375, 3000, 3306, 3389, 4444, 5000, 5432, 5601, 5900, 5985, 6379, 7001, 8000, 8080, 8081, 8443, 8888, 9000, 9090, 9200, 11211, 27017} {
		t = t.Add(time.Duration(200+f.IntN(400)) * time.Millisecond)
		p := packet{"FW-DROP", "wan0", "", intruder, webPublic, 41000 + i, port}
		if port == 22 || port == 80 || port == 443 {
			p.prefix, p.out, p.dst = "FW-ACCEPT", "dmz0", webPrivate
		}
		f.log(t, p)
	}
}

// backConnect is the web shell that calls its master.
func (f *firewallJournal) backConnect() {
	f.log(f.at("23:23:15"), packet{"FW-ACCEPT", "dmz0", "wan0", webPrivate, intruder, 50112, 80})
	f.log(f.at("23:24:41"), packet{"FW-ACCEPT", "dmz0", "wan0", webPrivate, intruder, 50144, 4444})
	for t := f.at("26:25:02"); t.Before(f.at("27:30:00")); t = t.Add(10 * time.Minute) {
		f.log(f.some(t), packet{"FW-ACCEPT", "dmz0", "wan0", webPrivate, intruder, 51000 + f.IntN(9000), 80})
	}
}
