// What of a page does not fit its place, as sentences. Run by `Browser::look`.
const wide = innerWidth >= 1280, told = [];
const shown = one => one.offsetParent !== null;
for (const one of document.querySelectorAll('main .scroll'))
    if (wide && shown(one) && one.scrollWidth > one.clientWidth + 1)
        told.push('scrolls: ' + (one.querySelector('thead')?.innerText ?? one.className));
for (const row of document.querySelectorAll('main form.filters, main .actions, main .rows li')) {
    const at = new Map();
    for (const one of row.querySelectorAll('input:not([type=checkbox], [type=radio], [type=hidden]), select, button, .button')) {
        if (!shown(one)) continue;
        const box = one.getBoundingClientRect(), line = Math.round(box.bottom / 8);
        for (const other of [line - 1, line, line + 1].map(n => at.get(n)).filter(Boolean))
            if (Math.abs(other - box.height) > 1)
                told.push('heights: ' + other + ', ' + box.height + ' ' + one.innerText);
        at.set(line, box.height);
    }
}
const clash = (css, what) => {
    let last = null;
    for (const one of document.querySelectorAll(css)) {
        if (!shown(one) || getComputedStyle(one).visibility === 'hidden' || !one.firstChild) continue;
        const range = document.createRange();
        range.selectNodeContents(one);
        const box = range.getBoundingClientRect();
        if (last && Math.abs(last.top - box.top) < 2 && last.right > box.left && last.left < box.right)
            told.push(what + ': ' + one.innerText);
        last = box;
    }
};
clash('main .ticks li', 'clash');
for (const one of document.querySelectorAll('main .tile .value, main td, main tbody th, main .facts dd, main button, main .button, main .state'))
    if (shown(one) && one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
        told.push('overflows: ' + one.innerText);
for (const one of document.querySelectorAll('main p:not(.flash)'))
    if (shown(one) && one.clientWidth > 0 && getComputedStyle(one).display !== 'inline') {
        const letter = parseFloat(getComputedStyle(one).fontSize) * 0.5;
        const range = document.createRange();
        range.selectNodeContents(one);
        if (range.getBoundingClientRect().width / letter > 110)
            told.push('long line: ' + one.innerText.slice(0, 60));
    }
return told;
