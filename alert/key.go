package alert

// ShortKey is how much of a key is shown, in hexadecimal digits.
const ShortKey = 8
