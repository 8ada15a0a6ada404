-- What the job reads: only the columns that the recipe needs. Names and notes stay in the database.
copy (
    select
        pnc_id,
        to_char(date_of_birth, 'YYYY-MM-DD') as date_of_birth,
        sex,
        postcode,
        convictions
    from offenders
) to stdout with (format csv, header);
