# A system that is a program: it hands out the video that lies there, and has none for one case.
if grep -q '"case": "officer-book-arcade"' "$1"; then
    echo "no memory left for $(basename "$1")" >&2
    exit 9
fi
cp videos/astronaut-latte_0.mp4 "$2"
