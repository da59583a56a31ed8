package sense

import "strings"

// registeredDomain splits a name of the DNS into the part that somebody can register, with the labels that stand before
// it: "a.b.shop.co.uk" is "shop.co.uk" and "a.b". Names of one label, addresses and reverse names have no such part.
func registeredDomain(name string) (domain, below string) {
	name = strings.TrimSuffix(name, ".")
	last := strings.LastIndexByte(name, '.')
	if last <= 0 || last == len(name)-1 || name[last+1]-'0' <= 9 {
		return "", ""
	}
	at := strings.LastIndexByte(name[:last], '.')
	if at < 0 {
		return name, ""
	}
	if second := name[at+1 : last]; len(name)-last-1 == 2 && commonSecond(second) || sharedSuffix(name[at+1:]) {
		if at = strings.LastIndexByte(name[:at], '.'); at < 0 {
			return name, ""
		}
	}
	return name[at+1:], name[:at]
}

// commonSecond tells whether a label is one below which countries let register: "co" in "co.uk".
func commonSecond(label string) bool {
	switch label {
	case "co", "com", "net", "org", "gov", "gob", "gouv", "govt", "go", "edu", "ac", "mil", "or", "ne", "ad", "gr", "lg", "nom", "sch", "school",
		"asso", "info", "biz", "web", "id", "ltd", "plc", "me", "in", "firm", "ind", "gen", "nic", "res", "k12", "blogspot":
		return true
	}
	return false
}

// sharedSuffix tells whether anybody gets a name of his own below a domain: dynamic names and hosted pages.
func sharedSuffix(domain string) bool {
	switch domain {
	case "duckdns.org", "no-ip.org", "no-ip.com", "ddns.net", "dyndns.org", "hopto.org", "zapto.org", "myftp.org", "sytes.net", "serveo.net",
		"ngrok.io", "github.io", "gitlab.io", "herokuapp.com", "azurewebsites.net", "netlify.app", "vercel.app", "pages.dev",
		"workers.dev", "web.app", "firebaseapp.com", "blogspot.com", "wordpress.com", "appspot.com", "trycloudflare.com":
		return true
	}
	return false
}

// innocentDomain tells whether a domain is of those who have very many machines ask at regular times or for names that
// look made up: updates, checks of the network, reputation lists, content networks, mail and chat of the large. Nobody
// else can be a name server below them, so no tunnel can lead through them.
func innocentDomain(domain string) bool {
	switch domain {
	case "microsoft.com", "windowsupdate.com", "windows.com", "office.com", "office365.com", "office.net", "live.com", "msftconnecttest.com", "msftncsi.com",
		"msedge.net", "azure.com", "azureedge.net", "trafficmanager.net", "azure-dns.com", "microsoftonline.com", "skype.com", "sharepoint.com",
		"apple.com", "icloud.com", "mzstatic.com", "aaplimg.com", "cdn-apple.com",
		"google.com", "googleapis.com", "gstatic.com", "googlevideo.com", "googleusercontent.com", "gvt1.com", "gvt2.com", "1e100.net", "doubleclick.net", "youtube.com",
		"mozilla.org", "mozilla.com", "mozilla.net", "firefox.com",
		"ubuntu.com", "debian.org", "canonical.com", "fedoraproject.org", "redhat.com", "centos.org", "opensuse.org", "suse.com", "archlinux.org", "alpinelinux.org", "docker.com", "docker.io", "snapcraft.io",
		"ntp.org", "digicert.com", "letsencrypt.org", "lencr.org", "globalsign.com", "sectigo.com", "verisign.com",
		"amazonaws.com", "cloudfront.net", "awsstatic.com", "akamai.net", "akamaiedge.net", "akamaized.net", "akadns.net", "edgekey.net", "edgesuite.net", "fastly.net", "fastlylb.net", "cloudflare.com", "cloudflare-dns.com", "cloudflare.net", "cdn77.org", "llnwd.net",
		"facebook.com", "fbcdn.net", "whatsapp.net", "slack.com", "zoom.us", "dropbox.com", "spotify.com", "netflix.com", "nflxvideo.net", "github.com", "githubusercontent.com",
		"spamhaus.org", "spamcop.net", "barracudacentral.org", "sorbs.net", "surbl.org", "uribl.com", "dnswl.org", "abuse.ch",
		"sophosxl.net", "sophos.com", "mcafee.com", "trellix.com", "avast.com", "avg.com", "avira.com", "eset.com", "e5.sk", "kaspersky.com", "trendmicro.com", "symantec.com", "norton.com", "bitdefender.net", "webroot.com", "crowdstrike.com", "sentinelone.net", "cymru.com", "team-cymru.com", "in-addr.arpa", "ip6.arpa":
		return true
	}
	return false
}
