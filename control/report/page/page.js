// SPDX-License-Identifier: BSD-3-Clause
// What a report's page does beyond standing there: charts of its tables (Chart.js), sorting and filtering (DataTables),
// and tables as CSV files. Everything is read from the tables; without this script the page says the same.
"use strict";
(function () {
    const ROWS_DRAWN = 12;
    const COLUMNS_DRAWN = 6;
    // Okabe and Ito's colours, which people who see few colours can tell apart, for light paper and for dark.
    const DAY = { text: "#1b1f24", line: "#d0d7de", fills: ["#0072b2", "#d55e00", "#009e73", "#a8588a", "#8a6d00", "#4b8fbf"] };
    const NIGHT = { text: "#e6e9ec", line: "#39424c", fills: ["#56b4e9", "#f0904a", "#3fc79f", "#e39ac8", "#e6c84a", "#a8d4f2"] };
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const charts = [];
    let printing = false;

    // ---- Reading a table

    function texts(cells) {
        return Array.from(cells, (cell) => cell.textContent.trim());
    }

    // A cell's percentage where it has one, else its count.
    function number(cell) {
        const count = Number(cell.dataset.yes);
        return cell.dataset.of ? (100 * count) / Number(cell.dataset.of) : count;
    }

    // "All" is drawn alone, or the other columns without it.
    function series(table) {
        const heads = texts(table.tHead.rows[0].cells);
        const rows = Array.from(table.tBodies[0].rows).slice(0, ROWS_DRAWN);
        const first = heads.length > 2 ? 2 : 1;
        return {
            labels: rows.map((row) => row.cells[0].textContent.trim()),
            share: rows.length > 0 && Boolean(rows[0].cells[first].dataset.of),
            columns: heads.slice(first, first + COLUMNS_DRAWN).map((label, i) => ({
                label: label,
                values: rows.map((row) => number(row.cells[first + i])),
            })),
            rest: [table.tBodies[0].rows.length - rows.length, Math.max(0, heads.length - first - COLUMNS_DRAWN)],
        };
    }

    // ---- Charts

    function paint(chart) {
        const inks = dark.matches && !printing ? NIGHT : DAY;
        chart.data.datasets.forEach((set, i) => {
            set.backgroundColor = inks.fills[i % inks.fills.length];
        });
        for (const axis of Object.values(chart.options.scales)) {
            axis.ticks.color = inks.text;
            axis.grid.color = inks.line;
            axis.title.color = inks.text;
        }
        chart.options.plugins.legend.labels.color = inks.text;
        chart.update();
    }

    function axis(title, more) {
        return Object.assign({ ticks: {}, grid: {}, title: { display: title !== "", text: title } }, more);
    }

    function options(kind, data, unit) {
        const measure = data.share && kind === "bars" ? "%" : unit;
        const stacked = kind === "stacked";
        const values = kind === "histogram" ? axis(unit, { type: "logarithmic", min: 0.5 }) : axis(measure, { beginAtZero: true, stacked: stacked });
        if (kind === "histogram") {
            values.ticks.callback = (value) => (Number.isInteger(Math.log10(value)) ? value.toLocaleString("en") : null);
        }
        const names = axis("", { stacked: stacked });
        names.ticks.autoSkip = false;
        return {
            animation: false,
            responsive: true,
            maintainAspectRatio: false,
            indexAxis: kind === "bars" ? "y" : "x",
            scales: kind === "bars" ? { x: values, y: names } : { x: names, y: values },
            plugins: { legend: { display: data.columns.length > 1, labels: {} } },
        };
    }

    function caption(section, data) {
        const says = ["The table below has these numbers"];
        if (data.rest[0] > 0 || data.rest[1] > 0) {
            says.push("; drawn are the first " + data.labels.length + " lines and " + data.columns.length + " columns");
        }
        return says.join("") + ".";
    }

    function draw(section) {
        const kind = section.dataset.figure;
        const table = section.querySelector(kind === "histogram" ? "table.numbers" : "table");
        const data = table && table.tHead && table.tBodies.length > 0 ? series(table) : null;
        if (!data || data.labels.length === 0) {
            return;
        }
        if (kind !== "bars" || !data.share) {
            counts(table, data);
        }
        const figure = document.createElement("figure");
        const room = document.createElement("div");
        const canvas = document.createElement("canvas");
        const words = document.createElement("figcaption");
        figure.className = "chart";
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", "Chart: " + section.querySelector("h2").textContent.trim());
        words.textContent = caption(section, data);
        room.style.height = kind === "bars" ? 5 + data.labels.length * (1 + 0.55 * data.columns.length) + "rem" : "22rem";
        room.append(canvas);
        figure.append(room, words);
        section.querySelector(".wide").before(figure);
        section.classList.add("drawn");
        const chart = new Chart(canvas, {
            type: "bar",
            data: { labels: data.labels, datasets: data.columns.map((column) => ({ label: column.label, data: column.values })) },
            options: options(kind, data, section.dataset.unit),
        });
        charts.push(chart);
        paint(chart);
    }

    // Stacks and distributions add up: they are of numbers, not of shares.
    function counts(table, data) {
        const first = table.tHead.rows[0].cells.length > 2 ? 2 : 1;
        data.columns.forEach((column, i) => {
            column.values = column.values.map((_, row) => Number(table.tBodies[0].rows[row].cells[first + i].dataset.yes));
        });
    }

    // ---- CSV (RFC 4180)

    // A spreadsheet runs what begins like a formula: an apostrophe in front makes it text.
    function quoted(text) {
        const value = /^[=+\-@\t\r\n|]/.test(text) ? "'" + text : text;
        return '"' + value.replaceAll('"', '""') + '"';
    }

    function share(cell) {
        const of = cell.dataset.of;
        return of ? [of, (Number(cell.dataset.yes) / Number(of)).toFixed(6)] : ["", ""];
    }

    // The lines that the filter leaves, in their order; of tables of numbers a line for each cell, as of --csv.
    function csv(table) {
        const heads = texts(table.tHead.rows[0].cells);
        const rows = Array.from(table.tBodies[0].rows).filter((row) => row.cells.length === heads.length);
        if (!table.querySelector("tbody td[data-yes]")) {
            return [heads, ...rows.map((row) => texts(row.cells))].map((line) => line.map(quoted).join(","));
        }
        const lines = ["line,column,count,not,unknown,of,share"];
        for (const row of rows) {
            for (let i = 1; i < row.cells.length; i++) {
                const cell = row.cells[i];
                const numbers = [cell.dataset.yes, cell.dataset.no, cell.dataset.unknown, ...share(cell)];
                lines.push([quoted(row.cells[0].textContent.trim()), quoted(heads[i]), ...numbers].join(","));
            }
        }
        return lines;
    }

    function download(table) {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([csv(table).join("\r\n") + "\r\n"], { type: "text/csv" }));
        link.download = table.id + ".csv";
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }

    // ---- Tables

    function tools(table) {
        const bar = document.createElement("div");
        const button = document.createElement("button");
        bar.className = "tools";
        button.type = "button";
        button.textContent = "Download CSV";
        button.setAttribute("aria-label", "Download CSV of " + table.id);
        button.addEventListener("click", () => download(table));
        bar.append(button);
        table.closest(".wide").before(bar);
        return bar;
    }

    // DataTables wraps the table where it stands; its filter and its count belong beside our button.
    function sortable(table, bar) {
        if (!window.jQuery || !window.jQuery.fn.DataTable) {
            return;
        }
        window.jQuery(table).DataTable({
            paging: false,
            autoWidth: false,
            order: [],
            dom: "fit",
            language: { search: "Filter", info: "_TOTAL_ lines", infoEmpty: "no line", infoFiltered: "of _MAX_", zeroRecords: "No line has this." },
        });
        const wrapper = table.parentElement;
        bar.prepend(wrapper.querySelector(".dataTables_filter"));
        bar.append(wrapper.querySelector(".dataTables_info"));
    }

    function unfold() {
        const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
        if (target instanceof HTMLDetailsElement) {
            target.open = true;
            target.scrollIntoView();
        }
    }

    function print(begins) {
        tasks.splice(0).forEach((task) => task());
        printing = begins;
        document.querySelectorAll("main details").forEach((details) => {
            if (begins) {
                details.dataset.open = details.open ? "yes" : "";
            }
            details.open = begins || details.dataset.open === "yes";
        });
        charts.forEach(paint);
        charts.forEach((chart) => chart.resize());
    }

    // ---- One thing after the other, so that a page of many tables can be read while they are made ready

    const tasks = [];

    function work() {
        const task = tasks.shift();
        if (!task) {
            document.documentElement.dataset.ready = "yes";
            return;
        }
        task();
        setTimeout(work);
    }

    if (window.Chart) {
        document.querySelectorAll("section[data-figure]").forEach((section) => tasks.push(() => draw(section)));
        dark.addEventListener("change", () => charts.forEach(paint));
    }
    document.querySelectorAll("table.data").forEach((table) => tasks.push(() => sortable(table, tools(table))));
    window.addEventListener("hashchange", unfold);
    window.addEventListener("beforeprint", () => print(true));
    window.addEventListener("afterprint", () => print(false));
    unfold();
    work();
})();
