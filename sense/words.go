package sense

import (
	"fmt"
	"math"
	"strconv"
)

// spanOf writes seconds as a person says them: "0.4 s", "60 s", "15 min", "6 hours", "3 days".
func spanOf(seconds float64) string {
	switch {
	case seconds < 10:
		return strconv.FormatFloat(math.Round(seconds*10)/10, 'f', -1, 64) + " s"
	case seconds < 180:
		return strconv.Itoa(int(math.Round(seconds))) + " s"
	case seconds < 3*3600:
		return strconv.Itoa(int(math.Round(seconds/60))) + " min"
	case seconds < 3*86400:
		return strconv.Itoa(int(math.Round(seconds/3600))) + " hours"
	}
	return strconv.Itoa(int(math.Round(seconds/86400))) + " days"
}

// bytesOf writes a number of bytes in units of thousands.
func bytesOf(n float64) string {
	for _, unit := range [...]string{"B", "kB", "MB", "GB"} {
		if n < 1000 {
			if unit == "B" || n >= 100 {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f TB", n)
}

// decimal writes a number with at most two places.
func decimal(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }
