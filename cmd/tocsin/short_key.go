package main

// shortKey is how much of a key is shown, in hexadecimal digits.
const shortKey = 8
